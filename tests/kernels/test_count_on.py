"""ON events are counted as numpy counts them."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import EVENT_DTYPE
from eventvision.kernels.tally import count_on
from eventvision.kernels.words import as_words


@pytest.mark.parametrize("count", [0, 1, 7, 1000])
def test_on_events_are_counted(count):
    rng = np.random.default_rng(count)
    data = np.zeros(count, EVENT_DTYPE)
    data["t"] = np.sort(rng.integers(0, 1 << 40, count))
    data["x"], data["y"] = rng.integers(0, 65_536, (2, count))
    data["on"] = rng.integers(0, 2, count)
    assert count_on(as_words(data)) == int(data["on"].sum())
