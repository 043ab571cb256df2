"""The functions that a step may call, besides + - * / abs and comparisons.

Each works on numpy arrays too, so that a step is a plain function that can be tried as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from ._expression import Expression, choose, make, number_of
from ._surrogates import Surrogate

Value = Any
"""A symbol while a step is traced; a number or an array where it is called by hand."""

_surrogate: ContextVar[Surrogate] = ContextVar("surrogate")


@contextmanager
def spiking_with(surrogate: Surrogate) -> Iterator[None]:
    """Give the spikes made inside the derivative of this surrogate."""
    token = _surrogate.set(surrogate)
    try:
        yield
    finally:
        _surrogate.reset(token)


def _symbolic(*values: Value) -> bool:
    return any(isinstance(value, Expression) for value in values)


def spike(u: Value) -> Value:
    """Return 1 where `u` is at least 0, else 0; its derivative is the surrogate's."""
    if _symbolic(u):
        return make("spike", number_of(u), detail=_surrogate.get())
    return np.asarray(np.greater_equal(u, 0), dtype=np.result_type(u))


def exp(u: Value) -> Value:
    """Return e to the power of `u`."""
    return make("exp", u) if _symbolic(u) else np.exp(u)


def sqrt(u: Value) -> Value:
    """Return the square root."""
    return make("sqrt", number_of(u)) if _symbolic(u) else np.sqrt(u)


def where(condition: Value, a: Value, b: Value) -> Value:
    """Return `a` where the condition holds, else `b`."""
    return choose(condition, a, b) if _symbolic(condition, a, b) else np.where(condition, a, b)


def minimum(a: Value, b: Value) -> Value:
    """Return the smaller value; of equal ones the first has the derivative."""
    return choose(number_of(a) <= b, a, b) if _symbolic(a, b) else np.minimum(a, b)


def maximum(a: Value, b: Value) -> Value:
    """Return the larger value; of equal ones the first has the derivative."""
    return choose(number_of(a) >= b, a, b) if _symbolic(a, b) else np.maximum(a, b)


def clip(u: Value, low: Value, high: Value) -> Value:
    """Return the nearest value of `low` to `high`; the derivative is 1 there, bounds included."""
    return minimum(maximum(u, low), high)


def floor(u: Value) -> Value:
    """Round down; the derivative is 1 (straight through)."""
    return make("straight", number_of(u)) if _symbolic(u) else np.floor(u)


def round_half_up(u: Value) -> Value:
    """Round to the nearest whole number, halves up; the derivative is 1 (straight through)."""
    return floor(u + 0.5)


def detach(u: Value) -> Value:
    """Return the same value with no derivative."""
    return make("detach", number_of(u)) if _symbolic(u) else u
