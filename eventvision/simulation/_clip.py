"""A clip: what a camera saw of a scene, and the truth about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Events

from ._camera import EventCamera
from ._scene import Scene, SceneTruth
from ._subframes import SubFrames
from ._watch import watch

Arrays = dict[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class Clip:
    """Events with the truth at regular times.

    Attributes:
        events: All events, times in [0, duration).
        truth: At rising times.
        image_every: Every how many truths the intensity is worth keeping; it compresses badly.
        class_names: What the classes in the truth mean.
        sub_frames: How many sub-frames were rendered for the events.
    """

    events: Events
    truth: Sequence[SceneTruth]
    image_every: int
    class_names: tuple[str, ...]
    sub_frames: int

    def event_arrays(self) -> Arrays:
        """Return the arrays of an event archive: t, x, y, on, sensor (width, height)."""
        events, sensor = self.events, self.events.sensor
        return {
            "t": np.ascontiguousarray(events.t),
            "x": np.ascontiguousarray(events.x),
            "y": np.ascontiguousarray(events.y),
            "on": np.ascontiguousarray(events.on),
            "sensor": np.array([sensor.width, sensor.height], np.int64),
        }

    def truth_arrays(self) -> Arrays:
        """Return the arrays of a truth archive; docs/recordings.md describes them."""
        pictured = self.truth[:: self.image_every]
        counts = [truth.ids.size for truth in self.truth]
        sensor = self.events.sensor
        return {
            "t_us": np.array([truth.t_us for truth in self.truth], np.int64),
            "mask": np.stack([truth.mask for truth in self.truth]).astype(np.uint8),
            "offsets": np.cumsum([0, *counts], dtype=np.int64),
            "ids": np.concatenate([truth.ids for truth in self.truth]),
            "classes": np.concatenate([truth.classes for truth in self.truth]),
            "boxes": np.concatenate([truth.boxes for truth in self.truth]),
            "class_names": np.array(self.class_names),
            "intensity_t_us": np.array([truth.t_us for truth in pictured], np.int64),
            "intensity": np.stack([_eight_bits(truth.intensity) for truth in pictured]),
            "sensor": np.array([sensor.width, sensor.height], np.int64),
        }


def record_clip(
    scene: Scene,
    camera: EventCamera,
    *,
    duration_us: int,
    truth_every_us: int = 20_000,
    image_every: int = 5,
    sub_frames: SubFrames | None = None,
    progress: Callable[[float], None] | None = None,
) -> Clip:
    """Let a camera watch a scene from time 0.

    Args:
        scene: What to look at.
        camera: A camera that has seen nothing yet, of the scene's size.
        duration_us: Length of the clip.
        truth_every_us: Time between two truths, the first at 0.
        image_every: Every how many truths the intensity is kept in the archive.
        sub_frames: How often to look; by default, no point moves by more than a pixel in between.
        progress: Called with the share done, 0 to 1.

    Raises:
        ValueError: If the duration is not positive or the sizes differ.
    """
    parts = []
    for glance in watch(scene, camera, t1_us=duration_us, sub_frames=sub_frames):
        parts.append(glance.events)
        if progress is not None:
            progress(glance.t_us / duration_us)
    truth = [scene.truth(t_us) for t_us in range(0, duration_us, truth_every_us)]
    return Clip(Events.join(parts), truth, image_every, scene.class_names, len(parts))


def _eight_bits(intensity: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the square root of intensity on 0 to 255: even steps to the eye, and exact."""
    shades: NDArray[np.uint8] = np.rint(255 * np.sqrt(np.minimum(intensity, 1))).astype(np.uint8)
    return shades
