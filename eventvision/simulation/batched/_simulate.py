"""Turns plans of clips into what cameras say about them, and into the truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from torch import Tensor

from ._director import MOST_STEP_PX, ClipPlan, of_kind
from ._layered import LayeredScene
from ._pixels import Fired, PixelArray
from ._planes import PlaneForm
from ._rays import WorldScene
from ._rooms import Flight
from ._timeline import Timeline, place_steps, slice_edges
from ._tracks import KNOTS, FloatArray
from ._truths import Truths

_SURVEY_PX, _SURVEYS = 10, 25
_LONGEST_FLIGHT_M = 15.0
_FAST_SHARE = 0.95
_AT_ONCE_ON_CPU, _AT_ONCE = 4, 8
"""Edges of steps that are rendered together: few enough for a cache, enough to keep a GPU busy."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """Slices of a batch of clips.

    Attributes:
        planes: float32, shape (slices, clips, channels, height, width): the representation.
        activity: float32, shape (slices, clips, height, width): number of events.
        truths: What is true at the end of each slice; light as it is without flicker.
        slice_us: float32, shape (slices, clips): length of the slices.
        most_px: Shape (clips,): longest motion in a sub-step.
        plans: What was simulated, slowed down where need be.
    """

    planes: Tensor
    activity: Tensor
    truths: Truths
    slice_us: Tensor
    most_px: FloatArray
    plans: list[ClipPlan]


def simulate(
    plans: Sequence[ClipPlan],
    *,
    form: PlaneForm,
    shape: tuple[int, int],
    slices: int,
    steps: int,
    random: np.random.Generator,
    generator: torch.Generator,
) -> Simulation:
    """Simulate a batch of clips.

    Args:
        plans: One per clip.
        form: The representation.
        shape: Height and width of the images.
        slices: Number of slices in a clip.
        steps: Number of sub-steps in a clip, at least one per interval of the representation.
        random: Chance in what is small.
        generator: Chance in what is drawn pixel by pixel; its device does the work.
    """
    device = generator.device
    paced, paths = _paced(plans, shape, device)
    duration_us = np.array([plan.duration_us for plan in paced])
    time_share = np.array([plan.time_share for plan in paced])
    edges_us = slice_edges(paths, duration_us, slices, time_share, random)
    timeline = place_steps(paths, edges_us, form.intervals, steps)
    factors = np.minimum(1, MOST_STEP_PX / np.maximum(timeline.most_px, 1e-9))
    final = [
        plan.scaled(float(factor)) if factor < 1 else plan
        for plan, factor in zip(paced, factors, strict=True)
    ]
    stage = _Stage(final, timeline, shape, device)
    planes = form.empty(slices, len(final), shape, device)
    activity = torch.zeros(slices * len(final), shape[0] * shape[1], device=device)
    models = [plan.model for plan in final]
    pixels = PixelArray(models, shape, random=random, generator=generator)
    places = timeline.on(device)
    spans_us = np.diff(timeline.times_us, axis=0)
    clip = torch.arange(len(final), device=device)
    for edge, image in stage.images():
        if edge == 0:
            pixels.prime(image)
            continue
        fired, place = pixels.advance(image, spans_us[edge - 1]), places[edge - 1]
        planes.add(fired, place)
        _count(activity, fired, place.slices * len(final) + clip)
    return Simulation(
        planes.values,
        activity.view(slices, len(final), *shape),
        stage.truths(),
        torch.from_numpy(np.diff(edges_us, axis=0).astype(np.float32)).to(device),
        timeline.most_px * factors,
        final,
    )


def _count(activity: Tensor, fired: Fired, rows: Tensor) -> None:
    """Add the number of events of a sub-step to the slices of the clips."""
    pixels = activity.shape[1]
    counts = fired.counts.view(-1, pixels)
    if rows.device.type == "cpu":
        from eventvision.kernels.crossings import add_numbers

        add_numbers(counts.numpy(), rows.numpy(), activity.numpy())
    else:
        activity.index_add_(0, rows, counts.abs())
    index = rows[fired.places // pixels] * pixels + fired.places % pixels
    activity.view(-1).index_put_((index,), fired.misfires.abs(), accumulate=True)


class _Stage:
    """All scenes of a batch, whatever their kind, under their lights."""

    def __init__(
        self,
        plans: Sequence[ClipPlan],
        timeline: Timeline,
        shape: tuple[int, int],
        device: torch.device,
    ) -> None:
        self._plans, self._timeline, self._shape, self._device = plans, timeline, shape, device
        places = timeline.times_us / timeline.times_us[-1:]
        self._parts = [
            (torch.tensor(clips, device=device), _scene(plans, clips, places, shape, device))
            for clips in (of_kind(plans, world=False), of_kind(plans, world=True))
            if clips
        ]
        knots = np.linspace(0, 1, KNOTS)
        gain = [np.interp(at, knots, p.light.gain) for at, p in zip(places.T, plans, strict=True)]
        ripple = [p.light.ripple(t_us) for t_us, p in zip(timeline.times_us.T, plans, strict=True)]
        self._gain = self._moved(np.stack(gain, 1))
        self._ripple = self._moved(np.stack(ripple, 1)) if np.any(ripple) else None
        across = np.linspace(-1, 1, shape[1])
        slope = np.array([plan.light.slope for plan in plans])[:, None]
        lamps = np.clip(1 - 0.5 * np.abs(slope) * (1 - np.sign(slope) * across), 0, 1)
        self._lamps = self._moved(lamps)[:, None, :]

    def images(self) -> Iterator[tuple[int, Tensor]]:
        """Yield the number of each edge of a step with what is seen then, (clips, h, w)."""
        edges = self._timeline.times_us.shape[0]
        at_once = _AT_ONCE_ON_CPU if self._device.type == "cpu" else _AT_ONCE
        clips = len(self._plans)
        for first in range(0, edges, at_once):
            wanted = torch.arange(first, min(edges, first + at_once), device=self._device)
            image = torch.empty(len(wanted), clips, *self._shape, device=self._device)
            for numbers, scene in self._parts:
                image[:, numbers] = scene.intensity(wanted[:, None].expand(-1, len(numbers)))
            light = self._gain[wanted].view(len(wanted), clips, 1, 1)
            if self._ripple is not None:
                dimmed = self._ripple[wanted].view(len(wanted), clips, 1, 1) * self._lamps
                light = light * (1 - dimmed)
            image *= light
            yield from enumerate(image, start=first)

    def truths(self) -> Truths:
        """Return what is true at the end of each slice."""
        edges = torch.from_numpy(self._timeline.last_step).to(self._device)
        slices, clips = edges.shape[0] - 1, edges.shape[1]
        truths = Truths.blank(slices, clips, self._shape, self._device)
        for numbers, scene in self._parts:
            part = scene.truths(edges[1:, numbers], edges[:-1, numbers])
            for field in fields(Truths):
                getattr(truths, field.name)[:, numbers] = getattr(part, field.name)
        gain = self._gain.gather(0, edges[1:])
        truths.intensity *= gain.view(slices, clips, 1, 1)
        return truths

    def _moved(self, array: FloatArray) -> Tensor:
        return torch.from_numpy(array.astype(np.float32)).to(self._device)


def _scene(
    plans: Sequence[ClipPlan],
    clips: Sequence[int],
    places: FloatArray,
    shape: tuple[int, int],
    device: torch.device,
) -> LayeredScene | WorldScene:
    """Build the scene of clips that are all of one kind."""
    chosen = [plans[clip] for clip in clips]
    at = places[:, clips]
    casts = [plan.sprites() for plan in chosen]
    cameras = [plan.camera for plan in chosen]
    rooms = [plan.room for plan in chosen if plan.room is not None]
    if rooms:
        flights = [camera for camera in cameras if isinstance(camera, Flight)]
        return WorldScene(rooms, flights, casts, at, shape, device)
    backdrops = [plan.backdrop for plan in chosen if plan.backdrop is not None]
    tracks = [camera for camera in cameras if not isinstance(camera, Flight)]
    tilts = np.array([plan.tilt for plan in chosen])
    return LayeredScene(backdrops, tracks, tilts, casts, at, shape, device)


def _paced(
    plans: Sequence[ClipPlan], shape: tuple[int, int], device: torch.device
) -> tuple[list[ClipPlan], FloatArray]:
    """Let cameras in worlds move as far as their plans say.

    Returns:
        The plans, and how far each picture moves up to each knot, shape (clips, KNOTS).
    """
    paced, worlds = list(plans), of_kind(plans, world=True)
    surveyed = _survey([paced[clip] for clip in worlds], shape, device)
    for clip, path in zip(worlds, surveyed, strict=True):
        plan = paced[clip]
        if isinstance(plan.camera, Flight) and path[-1] > 1e-6:
            most = _LONGEST_FLIGHT_M / max(float(np.ptp(plan.camera.place, axis=0).max()), 1e-9)
            factor = min(plan.path_px / path[-1], most)
            paced[clip] = replace(plan, camera=plan.camera.scaled(factor))
    surveyed = _survey([paced[clip] for clip in worlds], shape, device)
    paths = np.stack([plan.layers_px(shape) for plan in paced])
    for clip, path in zip(worlds, surveyed, strict=True):
        speed = np.maximum(np.diff(paths[clip]), np.diff(path))
        paths[clip] = np.concatenate([[0], np.cumsum(speed)])
    return paced, paths


def _survey(
    plans: Sequence[ClipPlan], shape: tuple[int, int], device: torch.device
) -> list[FloatArray]:
    """Measure how fast pictures of worlds move: the fast parts of a few coarse pictures of each."""
    if not plans:
        return []
    zoom = _SURVEY_PX / max(shape)
    rooms = [
        replace(plan.room, focal_px=plan.room.focal_px * zoom)
        for plan in plans if plan.room is not None
    ]  # fmt: skip
    flights = [plan.camera for plan in plans if isinstance(plan.camera, Flight)]
    places = np.repeat(np.linspace(0, 1, _SURVEYS)[:, None], len(plans), axis=1)
    size = _SURVEY_PX, _SURVEY_PX
    scene = WorldScene(rooms, flights, [[] for _ in plans], places, size, device)
    steps = torch.arange(_SURVEYS, device=device)[:, None].expand(-1, len(plans))
    flow = scene.flow_px(steps) / zoom
    speed = torch.linalg.vector_norm(flow, dim=2).flatten(2).quantile(_FAST_SHARE, dim=2)
    path = np.cumsum(speed.cpu().numpy().astype(np.float64), axis=0)
    knots = np.linspace(0, 1, KNOTS)
    return [np.interp(knots, np.linspace(0, 1, _SURVEYS), column) for column in path.T]
