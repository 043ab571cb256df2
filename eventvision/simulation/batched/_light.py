"""Light that changes: lamps that flicker with the mains, dusk and clouds, a switch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ._tracks import KNOTS, FloatArray, log_uniform, wave

_PX_PER_LOG = 8.0
"""A change of log intensity by an eighth is taken to be as much as a motion by a pixel."""


@dataclass(frozen=True, slots=True)
class Light:
    """Light over a clip.

    Attributes:
        gain: Shape (KNOTS,): brightness at the knots.
        flicker_hz: Rate of the lamp's ripple, 0 for none.
        depth: Share of the light that the ripple takes away at its darkest.
        phase: Of the ripple, in turns.
        slope: How much more it flickers at the right than at the left of the view, -1 to 1.
    """

    gain: FloatArray
    flicker_hz: float = 0.0
    depth: float = 0.0
    phase: float = 0.0
    slope: float = 0.0

    def ripple(self, t_us: FloatArray) -> FloatArray:
        """Return the share of the lamp's light that is missing at some times."""
        turns = self.flicker_hz * t_us * 1e-6 + self.phase
        return self.depth * (0.5 - 0.5 * np.cos(2 * np.pi * turns))

    def moved_px(self, duration_us: float) -> FloatArray:
        """Return how much the light changed up to each knot, in pixels' worth, shape (KNOTS,)."""
        changed = np.abs(np.diff(np.log(self.gain)))
        per_us = self.flicker_hz * 1e-6 * 2 * -np.log1p(-self.depth)
        rippled = per_us * duration_us / (KNOTS - 1)
        return _PX_PER_LOG * np.concatenate([[0], np.cumsum(changed + rippled)])


def draw_light(random: np.random.Generator, *, flicker: bool) -> Light:
    """Draw the light of a clip; most clips have steady light."""
    time = np.linspace(0, 1, KNOTS)
    gain = np.full(KNOTS, log_uniform(random, 0.25, 1.0))
    kind = random.random()
    if kind < 0.12:
        gain = gain * np.exp(random.uniform(0.05, 0.4) * wave(random, time, 2))
    elif kind < 0.16:
        change = random.choice([-1, 1]) * random.uniform(0.3, 1.2)
        gain = gain * np.exp(change / (1 + np.exp((random.uniform(0.2, 0.8) - time) / 0.01)))
    if not flicker:
        return Light(gain)
    return Light(
        gain,
        float(random.choice([100.0, 120.0])) * random.uniform(0.99, 1.01),
        random.uniform(0.1, 0.7),
        random.random(),
        random.uniform(-1, 1),
    )
