"""Surrogates: what stands for the derivative of a spike, which has none.

Each is the derivative of a smooth step from 0 to 1, with area 1, that grows steeper with `slope`
(Neftci, Mostafa, Zenke: Surrogate gradient learning in spiking neural networks, 2019).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from eventvision.core import ConfigError

from ._expression import Expression, choose, make, number, number_of

Derivative = Callable[[Any, float], Any]


def _sigmoid(u: Expression, slope: float) -> Expression:
    e = make("exp", -slope * abs(u))
    one_more = 1 + e
    return slope * e / (one_more * one_more)


def _arctan(u: Expression, slope: float) -> Expression:
    turned = math.pi / 2 * slope * u
    return slope / 2 / (1 + turned * turned)


def _rectangle(u: Expression, slope: float) -> Expression:
    return choose(abs(u) <= 0.5 / slope, number(slope), 0)


def _piecewise(u: Expression, slope: float) -> Expression:
    height = slope - slope * slope * abs(u)
    return choose(height >= 0, height, 0)


def _fast_sigmoid(u: Expression, slope: float) -> Expression:
    width = 1 + 2 * slope * abs(u)
    return slope / (width * width)


SURROGATES: dict[str, tuple[Derivative, float]] = {
    "sigmoid": (_sigmoid, 4.0),
    "arctan": (_arctan, 2.0),
    "rectangle": (_rectangle, 1.0),
    "piecewise": (_piecewise, 1.0),
    "fast-sigmoid": (_fast_sigmoid, 2.0),
}
"""Derivative and customary slope by name."""


@dataclass(frozen=True, slots=True)
class Surrogate:
    """A derivative for spikes.

    Attributes:
        name: One of `SURROGATES`, or a name for `function`.
        slope: Steepness; None for the customary one.
        function: A derivative of one's own: takes `u` and the slope, and is written like a step.

    Raises:
        ConfigError: If the name is unknown or the slope is not above 0.
    """

    name: str = "sigmoid"
    slope: float | None = None
    function: Derivative | None = None

    def __post_init__(self) -> None:
        if self.function is None and self.name not in SURROGATES:
            raise ConfigError("surrogate", self.name, f"one of {', '.join(SURROGATES)}")
        if self.slope is not None and not 0 < self.slope < math.inf:
            raise ConfigError("slope", self.slope, "a number above 0")

    @property
    def steepness(self) -> float:
        """The slope that is used."""
        customary = SURROGATES[self.name][1] if self.function is None else 1.0
        return customary if self.slope is None else self.slope

    def derivative(self, u: Expression) -> Expression:
        """Return the derivative at `u`."""
        function = SURROGATES[self.name][0] if self.function is None else self.function
        return number_of(function(u, self.steepness))
