"""When to look at a scene: often enough that nothing moves by more than a pixel in between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ._pictures import Sampled
from ._scene import Scene


@dataclass(frozen=True, kw_only=True, slots=True)
class SubFrames:
    """Chooses the times of sub-frames from the motion in a scene.

    A scene made of pictures is looked at when there is one: between them, the camera takes the
    logarithm of light as linear in time anyway.

    Attributes:
        most_motion_px: How far any point may move between two sub-frames.
        longest_us: Longest time between two sub-frames, however still the scene.
    """

    most_motion_px: float = 1.0
    longest_us: int = 5_000

    def __post_init__(self) -> None:
        if not 0 < self.most_motion_px <= 1:
            raise ValueError(f"most_motion_px must lie in (0, 1], got {self.most_motion_px}")
        if self.longest_us < 1:
            raise ValueError(f"longest_us must be at least 1, got {self.longest_us}")

    def times_us(self, scene: Scene, t0_us: int, t1_us: int) -> Iterator[int]:
        """Yield rising times, the first `t0_us`, the last `t1_us`.

        Raises:
            ValueError: If `t1_us` does not come after `t0_us`.
        """
        if t1_us <= t0_us:
            raise ValueError(f"a clip must end after its start, got {t0_us} to {t1_us} us")
        if isinstance(scene, Sampled):
            yield t0_us
            yield from scene.instants_us(t0_us, t1_us)
            yield t1_us
            return
        t_us = t0_us
        while t_us < t1_us:
            yield t_us
            t_us = min(t1_us, t_us + self.step_us(scene, t_us))
        yield t1_us

    def step_us(self, scene: Scene, t_us: int) -> int:
        """Return how long after `t_us` to look at a scene again, going by its motion."""
        step_us = self.longest_us
        while step_us > 1 and (moved_px := scene.motion_px(t_us, t_us + step_us)) > (
            self.most_motion_px
        ):
            step_us = max(1, min(step_us - 1, int(step_us * self.most_motion_px / moved_px)))
        return step_us
