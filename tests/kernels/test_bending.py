"""Events are moved as the plain formula says."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import EVENT_DTYPE
from eventvision.kernels.bending import bend_events

WIDTH, HEIGHT = 20, 12


def made(count=400, recordings=3, seed=0):
    rng = np.random.default_rng(seed)
    events = np.empty(count, EVENT_DTYPE)
    events["t"] = np.sort(rng.integers(0, 10_000, count))
    events["x"], events["y"] = rng.integers(0, WIDTH, count), rng.integers(0, HEIGHT, count)
    events["on"] = rng.random(count) < 0.5
    offsets = np.array([0, 0, 150, count], np.int64)[: recordings + 1]
    single = np.float32
    return {
        "events": events,
        "offsets": offsets,
        "field": rng.normal(0, 1, (recordings, 2, 5, 7)).astype(single),
        "matrix": (np.eye(2) + rng.normal(0, 0.2, (recordings, 2, 2))).astype(single),
        "shift": rng.uniform(-2, 2, (recordings, 2)).astype(single),
        "speed": rng.uniform(0.8, 1.2, recordings).astype(single),
        "drop": np.full(recordings, 0.3, single),
        "chance": rng.random(count, single),
    }


def bent(given):
    out = np.zeros(len(given["events"]), EVENT_DTYPE)
    sizes = np.zeros(len(given["speed"]), np.int64)
    left = bend_events(*given.values(), WIDTH, HEIGHT, out, sizes)
    return out[:left], sizes


def reference(given):
    """The formula, in numpy, one recording after the other."""
    middle = np.array([WIDTH - 1, HEIGHT - 1]) / 2
    parts = []
    for i, (start, stop) in enumerate(zip(given["offsets"], given["offsets"][1:], strict=False)):
        part = given["events"][start:stop].copy()
        rows, columns = given["field"].shape[2:]
        row = np.floor(part["y"] * (rows - 1) / (HEIGHT - 1) + 0.5).astype(int)
        column = np.floor(part["x"] * (columns - 1) / (WIDTH - 1) + 0.5).astype(int)
        places = np.stack([part["x"], part["y"]]) - middle[:, None]
        moved = given["matrix"][i] @ (places + given["field"][i][:, row, column])
        moved += (given["shift"][i] + middle)[:, None]
        x, y = np.floor(moved + 0.5).astype(int)
        kept = (x >= 0) & (x < WIDTH) & (y >= 0) & (y < HEIGHT)
        kept &= given["chance"][start:stop] >= given["drop"][i]
        part = part[kept]
        part["x"], part["y"] = x[kept], y[kept]
        part["t"] = (part["t"].astype(np.float32) * given["speed"][i]).astype(np.int64)
        parts.append(part)
    return np.concatenate(parts), [len(part) for part in parts]


@pytest.mark.parametrize("seed", range(4))
def test_bending_follows_the_formula(seed):
    given = made(seed=seed)
    found, sizes = bent(given)
    expected, expected_sizes = reference(given)
    assert sizes.tolist() == expected_sizes
    assert 0 < len(found) < 400
    np.testing.assert_array_equal(found, expected)


def test_without_change_events_stay_as_they_are():
    given = made()
    given["field"][:] = 0
    given["matrix"][:] = np.eye(2)
    given["shift"][:] = 0
    given["speed"][:] = 1
    given["drop"][:] = 0
    found, sizes = bent(given)
    np.testing.assert_array_equal(found, given["events"])
    assert sizes.tolist() == [0, 150, 250]


def test_no_events_give_none():
    given = made(count=0)
    given["offsets"][:] = 0
    found, sizes = bent(given)
    assert len(found) == 0
    assert sizes.tolist() == [0, 0, 0]
