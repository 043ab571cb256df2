"""How fast a thing goes along its way: constant, in bursts, stopping and going, mixed.

A pace is a cycle of stretches of steady speed with short ramps between them, so that the distance
gone is a closed form of time. Elementary arithmetic only: the same on every machine.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

_RAMP_SHARE = 0.15


@dataclass(frozen=True, slots=True)
class Pace:
    """Distance as a function of time, at speeds that come round again and again.

    Attributes:
        times_s: Rising knots of one cycle, the first 0; speed is linear between them.
        speeds: Speed at each knot, relative; the last equals the first.
        gone: Distance at each knot.
    """

    times_s: tuple[float, ...]
    speeds: tuple[float, ...]
    gone: tuple[float, ...]

    @classmethod
    def of(cls, stretches: Sequence[tuple[float, float]]) -> Pace:
        """Return a pace from (seconds, relative speed) stretches, ramped into one another.

        Raises:
            ValueError: If there is no stretch or one has no length.
        """
        if not stretches or min(seconds for seconds, _ in stretches) <= 0:
            raise ValueError(f"a pace needs stretches of positive length, got {stretches}")
        times, speeds = [0.0], [(stretches[-1][1] + stretches[0][1]) / 2]
        end = 0.0
        for number, (seconds, speed) in enumerate(stretches):
            following = stretches[(number + 1) % len(stretches)][1]
            ramp = _RAMP_SHARE * seconds
            times += [end + ramp, end + seconds - ramp, end + seconds]
            speeds += [speed, speed, (speed + following) / 2]
            end += seconds
        gone = [0.0]
        for left in range(len(times) - 1):
            mean = (speeds[left] + speeds[left + 1]) / 2
            gone.append(gone[-1] + mean * (times[left + 1] - times[left]))
        return cls(tuple(times), tuple(speeds), tuple(gone))

    def distance(self, seconds: float) -> float:
        """Return how far one has come at a time, at speeds relative to 1 a second."""
        cycle = self.times_s[-1]
        rounds = seconds // cycle
        seconds -= rounds * cycle
        knot = min(bisect_right(self.times_s, seconds), len(self.times_s) - 1) - 1
        span = self.times_s[knot + 1] - self.times_s[knot]
        part = seconds - self.times_s[knot]
        rise = (self.speeds[knot + 1] - self.speeds[knot]) / span
        here = self.gone[knot] + part * (self.speeds[knot] + 0.5 * rise * part)
        return rounds * self.gone[-1] + here


CONSTANT = Pace.of([(1.0, 1.0)])
BURSTS = Pace.of([(0.7, 0.1), (0.25, 3.0), (0.5, 0.1), (0.15, 4.0)])
STOP_AND_GO = Pace.of([(0.8, 1.2), (0.5, 0.0), (0.6, 1.6), (0.9, 0.0)])
MIXED = Pace.of([(0.6, 0.2), (0.5, 1.0), (0.4, 4.0), (0.7, 0.4), (0.3, 2.0)])
"""Speeds that differ by a factor of 20."""
