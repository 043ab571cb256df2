"""Leaks that integers have: what is lost in a step is a sum of shifts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from eventvision.spiking.integer import Leak

_LARGEST = 15
_ALMOST_ALL = 2.0**-15.5
_FINER = 4
"""The second shift is larger than the first by so much at most: a sixteenth of what is lost."""


def leak_of(decay: Tensor, terms: int) -> Leak:
    """Return the leak that is nearest to decays, by the ratio of what is lost.

    Args:
        decay: Shape () or (channels,).
        terms: Most shifts of a channel, 1 or 2.

    Returns:
        One shift or None where that is all there is; else shifts (terms, 1) or (terms, channels).
    """
    lost = 1 - decay.detach().double().cpu().numpy().reshape(-1)
    shares = _shares(_candidates(terms))
    apart = np.abs(np.log2(shares[:, None]) - np.log2(np.maximum(lost, _ALMOST_ALL / 2)))
    chosen = _candidates(terms)[apart.argmin(0)]
    chosen[lost <= _ALMOST_ALL] = -1
    shifts = np.unique(chosen, axis=0)
    if len(shifts) == 1:
        first, *others = shifts[0].tolist()
        if max(others, default=-1) < 0:
            return None if first < 0 else int(first)
        chosen = shifts
    needed = chosen if (chosen[:, 1:] >= 0).any() else chosen[:, :1]
    return np.ascontiguousarray(needed.T)


def lost_by(leak: Leak) -> NDArray[np.float64]:
    """Return which share of the potential is lost in a step, shape () or (channels,)."""
    if leak is None:
        return np.float64(0) * np.ones(())
    shifts = leak.T if isinstance(leak, np.ndarray) else np.array([[leak]])
    return _shares(shifts).squeeze()


def for_channels(leak: Leak, channels: int) -> Leak:
    """Return a leak with shifts for every channel, if it has any."""
    if isinstance(leak, np.ndarray) and leak.shape[1] == 1:
        return leak.repeat(channels, axis=1)
    return leak


def _candidates(terms: int) -> NDArray[np.int8]:
    """Return shifts to choose from, shape (n, terms), those with fewer terms first."""
    singles = [(shift, -1) for shift in range(_LARGEST + 1)]
    pairs = [
        (first, second)
        for first in range(1, _LARGEST)
        for second in range(first + 1, min(first + _FINER, _LARGEST) + 1)
    ]
    return np.array(singles + pairs if terms > 1 else singles, np.int8)[:, :terms]


def _shares(shifts: NDArray[np.int8]) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = np.where(shifts >= 0, np.exp2(-shifts.astype(float)), 0.0).sum(1)
    return shares
