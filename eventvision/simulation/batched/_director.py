"""Draws clips: what is seen, how everything moves, under which light, by which camera."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from eventvision.simulation import PixelModel, randomised_model

from ._actors import Actor, draw_actor, draw_dweller
from ._casting import Sprite, Wardrobe
from ._layered import TEXELS_PER_PX
from ._light import Light, draw_light
from ._pictures import Backdrop, Part, PictureLibrary
from ._rooms import Flight, Room, draw_flight, draw_room
from ._tracks import FloatArray, Track, camera_track, log_uniform, still

MOST_STEP_PX = 1.25
"""How far anything may move in a sub-step; clips that would move farther are slowed down."""

_LAMP_STEPS = 7.0


@dataclass(frozen=True, kw_only=True, slots=True)
class SceneMix:
    """What clips are made of.

    Attributes:
        images: Folders of images; without any, everything is drawn.
        part: Which of the images: those to learn from ("train"), those to test with ("val"), by
            `part_of`, or "all".
        street: Share of clips that show a labelled image, among those that show no world.
        world: Share of clips in three dimensions.
        outdoors: Share of streets among the worlds.
        still_camera: Share of clips whose camera stands still.
        flicker: Share of clips under a lamp that flickers with the mains.
        path_px: Range of how far the picture moves in a clip.
        slice_us: Range of the mean duration of slices.
        by_time: Share of clips cut into slices of equal time; the others get slices in which
            about equally much happens.
        thresholds: Range of contrast thresholds, log-uniform, for two clips in three; the others
            have those that published reconstructions were trained with, which are mostly higher.
        cameras: Models to choose from at random, instead of drawing them.
    """

    images: tuple[str | Path, ...] = ()
    part: Part = "all"
    street: float = 0.5
    world: float = 0.3
    outdoors: float = 0.65
    still_camera: float = 0.22
    flicker: float = 0.1
    path_px: tuple[float, float] = (4.0, 90.0)
    slice_us: tuple[float, float] = (4_000.0, 60_000.0)
    by_time: float = 0.4
    thresholds: tuple[float, float] = (0.1, 0.6)
    cameras: tuple[PixelModel, ...] = ()

    def __post_init__(self) -> None:
        for name in ("street", "world", "outdoors", "still_camera", "flicker", "by_time"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a share from 0 to 1, got {getattr(self, name)}")
        for name in ("path_px", "slice_us", "thresholds"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise ValueError(f"{name} is a range of positive numbers, got {low} to {high}")
        if self.slice_us[0] < 1_000:
            raise ValueError(f"slices last 1000 us or more, got slice_us={self.slice_us}")


@dataclass(frozen=True, slots=True)
class ClipPlan:
    """All that is drawn of one clip.

    Attributes:
        model: The camera's pixels.
        duration_us: Length.
        time_share: 1 for slices of equal time, near 0 for slices of equal motion.
        light: Light over time.
        camera: Way of the camera, along a backdrop or through a world.
        actors: Objects, from back to front.
        backdrop: What is behind, in layered clips.
        tilt: Its slant, per pixel to the right and down.
        room: The world, in the others.
        path_px: How far the picture is to move, in worlds.
    """

    model: PixelModel
    duration_us: float
    time_share: float
    light: Light
    camera: Track | Flight
    actors: tuple[Actor, ...]
    backdrop: Backdrop | None = None
    tilt: tuple[float, float] = (0.0, 0.0)
    room: Room | None = None
    path_px: float = 0.0

    @property
    def kinds(self) -> dict[int, int]:
        """Class of each object by its id, an index into `DETECTION_CLASSES`."""
        found = {}
        if self.backdrop is not None:
            found = dict(enumerate(self.backdrop.kinds, start=1))
        if self.room is not None:
            found = dict(enumerate((k for k in self.room.box_kinds if k >= 0), start=1))
        return found | {actor.number: actor.sheet.detection for actor in self.actors}

    def scaled(self, factor: float) -> ClipPlan:
        """Return the same clip with everything moving less far, or farther."""
        actors = tuple(actor.scaled(factor) for actor in self.actors)
        return replace(self, camera=self.camera.scaled(factor), actors=actors)

    def sprites(self) -> list[Sprite]:
        """Return the objects as the camera sees them, from back to front."""
        if isinstance(self.camera, Flight):
            focal_px = self.room.focal_px if self.room is not None else 1.0
            seen = [actor.within(self.camera, focal_px) for actor in self.actors]
            return sorted(seen, key=lambda sprite: -sprite.remoteness_m)
        return [actor.before(self.camera) for actor in self.actors]

    def layers_px(self, shape: tuple[int, int]) -> FloatArray:
        """Return how far sprites and light, and the backdrop, move at most up to each knot."""
        speeds = [np.diff(self.light.moved_px(self.duration_us))]
        if isinstance(self.camera, Track):
            speeds.append(np.diff(self.camera.moved_px(0.4 * np.hypot(*shape))))
        for sprite in self.sprites():
            speed = np.diff(sprite.track.moved_px(sprite.size_px / 2))
            reach = sprite.size_px / 2 * np.exp(sprite.track.log_scale[1:])
            seen = (np.abs(sprite.track.x[1:]) < shape[1] / 2 + reach) & (
                np.abs(sprite.track.y[1:]) < shape[0] / 2 + reach
            )
            speeds.append(np.where(seen, speed, 0))
        return np.concatenate([[0], np.cumsum(np.max(speeds, axis=0))])


class Director:
    """Draws the plans of clips.

    Args:
        mix: What clips are made of.
        shape: Height and width of the images.
        slices: Slices in a clip.
        steps: Sub-steps in a clip.
        seed: Decides what drawn sprites look like.
    """

    def __init__(
        self, mix: SceneMix, shape: tuple[int, int], slices: int, steps: int, seed: int
    ) -> None:
        self._mix, self._shape, self._slices, self._steps = mix, shape, slices, steps
        self._library = PictureLibrary(mix.images, mix.part)
        self._wardrobe = Wardrobe(self._library, seed)
        self._side = round(2 * TEXELS_PER_PX * max(shape))

    def plan(self, random: np.random.Generator) -> ClipPlan:
        """Draw a clip."""
        mix = self._mix
        lamp = random.random() < mix.flicker
        light = draw_light(random, flicker=lamp)
        mean_us = log_uniform(random, *mix.slice_us)
        if lamp:
            longest_us = self._steps / (_LAMP_STEPS * light.flicker_hz) * 1e6 / self._slices
            mean_us = min(mean_us, max(longest_us, 1_000))
        by_time = random.random() < mix.by_time
        plan = self._world if random.random() < mix.world else self._layered
        return plan(
            random,
            model=self._model(random),
            duration_us=mean_us * self._slices,
            time_share=1.0 if by_time else random.uniform(0.02, 0.3),
            light=light,
        )

    def _model(self, random: np.random.Generator) -> PixelModel:
        if self._mix.cameras:
            return self._mix.cameras[int(random.integers(len(self._mix.cameras)))]
        model = randomised_model(random)
        model = replace(
            model,
            bandwidth_hz=log_uniform(random, 60, 3000),
            shot_noise_hz=model.shot_noise_hz * random.random(),
        )
        if random.random() < 1 / 3:
            return model
        on = log_uniform(random, *self._mix.thresholds)
        off = on * float(np.clip(1 + 0.1 * random.standard_normal(), 0.67, 1.5))
        return replace(model, on_threshold=on, off_threshold=off)

    def _layered(self, random: np.random.Generator, **common: object) -> ClipPlan:
        mix, view_px = self._mix, float(max(self._shape))
        labelled = bool(self._library.streets) and random.random() < mix.street
        source = self._library.street if labelled else self._library.picture
        backdrop = source(random, self._side)
        camera, stands = still(), random.random() < mix.still_camera
        if not stands:
            path_px = log_uniform(random, *mix.path_px)
            camera = camera_track(random, path_px, 0.4 * float(np.hypot(*self._shape)))
        number = len(backdrop.kinds) + 1
        count = int(random.choice(5, p=_CAST_CHANCES[stands]))
        actors = [
            draw_actor(
                random, self._wardrobe, number + index, view_px, log_uniform(random, *mix.path_px)
            )
            for index in range(count)
        ]
        tilt = random.uniform(-0.3, 0.3, 2) / view_px if random.random() < 0.3 else (0.0, 0.0)
        return ClipPlan(
            camera=camera, actors=tuple(actors), backdrop=backdrop,
            tilt=(float(tilt[0]), float(tilt[1])), **common,  # type: ignore[arg-type]
        )  # fmt: skip

    def _world(self, random: np.random.Generator, **common: object) -> ClipPlan:
        mix, view_px = self._mix, max(self._shape)
        outdoors = bool(random.random() < mix.outdoors)
        room = draw_room(random, self._library, view_px, outdoors=outdoors)
        stands = random.random() < mix.still_camera
        flight = draw_flight(random, room)
        path_px = 0.0 if stands else log_uniform(random, *mix.path_px)
        number = 1 + sum(kind >= 0 for kind in room.box_kinds)
        count = int(random.choice(5, p=_CAST_CHANCES[stands]))
        actors = [
            draw_dweller(
                random, self._wardrobe, number + index, room, log_uniform(random, 0.1, 3.0)
            )
            for index in range(count)
        ]
        return ClipPlan(
            camera=flight.scaled(0.0) if stands else flight, actors=tuple(actors), room=room,
            path_px=path_px, **common,  # type: ignore[arg-type]
        )  # fmt: skip


_CAST_CHANCES = ((0.15, 0.25, 0.25, 0.2, 0.15), (0.0, 0.3, 0.3, 0.2, 0.2))
"""How many objects there are, before a camera that moves and one that stands still."""


def of_kind(plans: Sequence[ClipPlan], *, world: bool) -> list[int]:
    """Return the numbers of the clips that show a world, or that do not."""
    return [number for number, plan in enumerate(plans) if (plan.room is not None) == world]
