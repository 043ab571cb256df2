"""A camera watches a scene: sub-frame after sub-frame, events come as they arise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from eventvision.core import Events

from ._camera import EventCamera
from ._scene import Scene
from ._subframes import SubFrames


class Glance(NamedTuple):
    """What came of one sub-frame.

    Attributes:
        t_us: Time of the sub-frame.
        events: Events before it that had not come yet.
    """

    t_us: int
    events: Events


def watch(
    scene: Scene,
    camera: EventCamera,
    *,
    t0_us: int = 0,
    t1_us: int,
    sub_frames: SubFrames | None = None,
) -> Iterator[Glance]:
    """Let a camera watch a scene; nothing is kept, so a watch may be of any length.

    Args:
        scene: What to look at.
        camera: A camera of the scene's size.
        t0_us: From when.
        t1_us: Until when.
        sub_frames: How often to look; by default, no point moves by more than a pixel in between.

    Raises:
        ValueError: If `t1_us` does not come after `t0_us`, or the sizes differ.
    """
    for t_us in (sub_frames or SubFrames()).times_us(scene, t0_us, t1_us):
        yield Glance(t_us, camera.expose(t_us, scene.render(t_us)))
