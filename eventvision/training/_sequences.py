"""Batches of sequences as training takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from eventvision.simulation.batched import Simulation

NO_OBJECT = -1
"""In `box_classes` and `box_ids`: there is no object."""


@dataclass(frozen=True, slots=True)
class Sequences:
    """T slices of B clips with what is true at the end of each; all tensors begin with (T, B).

    Attributes:
        events: float32, (T, B, channels, height, width): the representation.
        slice_us: float32, (T, B): length of the slices.
        activity: float32, (T, B, height, width): number of events.
        intensity: float32, (T, B, 1, height, width): linear intensity, 0 black to 1 white.
        classes: uint8, (T, B, height, width): index into `SEGMENTATION_CLASSES`, or `UNLABELLED`.
        instances: uint8, (T, B, height, width): id of the object seen, 0 for none.
        depth_m: float32, (T, B, height, width): distance along the optical axis.
        depth_valid: bool, (T, B, height, width): whether it is known and finite.
        flow_px: float32, (T, B, 2, height, width): how far what is seen at a pixel has moved within
            the slice, columns then rows.
        boxes: float32, (T, B, N, 4): x, y, w, h in pixels around what is seen of the objects.
        box_classes: int64, (T, B, N): index into `DETECTION_CLASSES`, or `NO_OBJECT`.
        box_ids: int64, (T, B, N): an object keeps its id within a clip; or `NO_OBJECT`.
        box_pixels: float32, (T, B, N): number of pixels at which the object is seen.
        box_events: float32, (T, B, N): number of events there within the slice. An object without
            any up to now cannot be known of: add up over slices, and leave it out of the loss.
    """

    events: Tensor
    slice_us: Tensor
    activity: Tensor
    intensity: Tensor
    classes: Tensor
    instances: Tensor
    depth_m: Tensor
    depth_valid: Tensor
    flow_px: Tensor
    boxes: Tensor
    box_classes: Tensor
    box_ids: Tensor
    box_pixels: Tensor
    box_events: Tensor

    def to(self, device: torch.device | str) -> Sequences:
        """Return the same on another device."""
        return Sequences(
            *(getattr(self, field.name).to(device, non_blocking=True) for field in fields(self))
        )

    def pin_memory(self) -> Sequences:
        """Return the same in memory from which a GPU reads fast."""
        return Sequences(*(getattr(self, field.name).pin_memory() for field in fields(self)))


def sequences_from(simulation: Simulation, *, most_objects: int, least_pixels: int) -> Sequences:
    """Bring a simulation into the form of training.

    Args:
        simulation: What was simulated.
        most_objects: Number N of objects that a clip has room for; those with the highest ids, the
            sprites in front, are kept.
        least_pixels: Objects of which less is seen have no box.
    """
    truths = simulation.truths
    kinds = [plan.kinds for plan in simulation.plans]
    ids, classes = _listed(kinds, most_objects, truths.instances.device)
    seen, boxes = _boxes(truths.instances, ids)
    pixels, events = _tallies(truths.instances, simulation.activity, ids)
    there = seen & (pixels >= least_pixels) & (ids > 0)
    nobody = torch.full_like(ids, NO_OBJECT)
    return Sequences(
        events=simulation.planes,
        slice_us=simulation.slice_us,
        activity=simulation.activity,
        intensity=truths.intensity[:, :, None],
        classes=truths.classes,
        instances=truths.instances,
        depth_m=truths.depth_m,
        depth_valid=(truths.depth_m > 0) & torch.isfinite(truths.depth_m),
        flow_px=truths.flow_px,
        boxes=boxes * there[..., None],
        box_classes=torch.where(there, classes, nobody),
        box_ids=torch.where(there, ids, nobody),
        box_pixels=pixels * there,
        box_events=events * there,
    )


def _listed(
    kinds: Sequence[dict[int, int]], most: int, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Return ids and classes of the objects of each clip, shape (clips, most), 0 where none."""
    ids = torch.zeros(len(kinds), most, dtype=torch.int64)
    classes = torch.zeros(len(kinds), most, dtype=torch.int64)
    for clip, found in enumerate(kinds):
        for place, number in enumerate(sorted(found)[-most:]):
            ids[clip, place], classes[clip, place] = number, found[number]
    return ids.to(device), classes.to(device)


def _slots(instances: Tensor, ids: Tensor) -> Tensor:
    """Return the place in the list of the object at each pixel, one beyond the end for none."""
    clips, most = ids.shape
    table = torch.full((clips, 256), most, dtype=torch.int64, device=ids.device)
    places = torch.arange(most, device=ids.device).expand(clips, most)
    table.scatter_(1, ids, places)
    table[:, 0] = most
    clip = torch.arange(clips, device=ids.device).view(1, -1, 1, 1)
    return table[clip, instances.long()]


def _boxes(instances: Tensor, ids: Tensor) -> tuple[Tensor, Tensor]:
    """Return which objects are seen, (T, B, N), and the tightest boxes around them."""
    slots = _slots(instances, ids)
    times, clips, height, width = instances.shape
    most = ids.shape[1]
    first = torch.arange(times * clips, device=ids.device).view(times, clips, 1, 1) * (most + 1)
    line = first + slots
    spans = []
    for axis, size in ((3, width), (2, height)):
        marks = torch.zeros(times * clips * (most + 1), size, device=ids.device)
        place = torch.arange(size, device=ids.device).view(
            (1, 1, 1, -1) if axis == 3 else (1, 1, -1, 1)
        )
        marks.view(-1)[(line * size + place).flatten()] = 1
        marks = marks.view(times, clips, most + 1, size)[:, :, :most]
        low, high = marks.argmax(3), size - 1 - marks.flip(3).argmax(3)
        spans.append((low, high - low + 1, marks.amax(3) > 0))
    (x, w, seen), (y, h, _) = spans
    return seen, torch.stack([x, y, w, h], dim=-1).float()


def _tallies(instances: Tensor, activity: Tensor, ids: Tensor) -> tuple[Tensor, Tensor]:
    """Return the numbers of pixels and of events of each object, both of shape (T, B, N)."""
    times, clips = instances.shape[:2]
    most = ids.shape[1]
    line = _slots(instances, ids)
    line += torch.arange(times * clips, device=ids.device).view(times, clips, 1, 1) * (most + 1)
    flat = line.flatten()
    size = times * clips * (most + 1)
    pixels = torch.bincount(flat, minlength=size)
    events = torch.zeros(size, device=ids.device).index_add_(0, flat, activity.flatten())
    shape = times, clips, most + 1
    return pixels.view(shape)[..., :most].float(), events.view(shape)[..., :most]
