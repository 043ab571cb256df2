"""The scene `cells`: how many discs there are, and when they cross a line."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import SensorSize
from eventvision.simulation import Cells

SENSOR = SensorSize(346, 260)
COLUMN = 173


@pytest.fixture(scope="module")
def cells():
    return Cells(SENSOR, seed=4)


def middles(cells, t_us):
    """Return the column of each disc that is wholly in view, by id."""
    truth = cells.truth(t_us)
    return {
        int(label): float(x + (w - 1) / 2)
        for label, (x, _, w, _) in zip(truth.ids, truth.boxes, strict=True)
        if x > 1 and x + w < SENSOR.width - 1
    }


def test_a_thousand_discs_cross_a_line_each_second(cells):
    crossings = cells.crossings(0, 3_000_000, COLUMN)
    assert len(crossings) == pytest.approx(3000, rel=0.02)
    assert len(set(crossings["id"].tolist())) == len(crossings)
    assert (np.diff(crossings["t_us"]) >= 0).all()


def test_crossings_are_those_that_the_masks_show(cells):
    t0_us, t1_us = 2_000_000, 2_020_000
    before, after = middles(cells, t0_us), middles(cells, t1_us)
    crossed = set(cells.crossings(t0_us, t1_us, COLUMN)["id"].tolist())
    for label in before.keys() & after.keys():
        if min(abs(before[label] - COLUMN), abs(after[label] - COLUMN)) > 1:
            assert (before[label] < COLUMN < after[label]) == (label in crossed)
    assert len(crossed) == pytest.approx(20, abs=6)


def test_crossings_of_a_stretch_are_those_of_its_parts(cells):
    whole = cells.crossings(500_000, 900_000, 40)
    parts = [cells.crossings(t, t + 100_000, 40) for t in range(500_000, 900_000, 100_000)]
    assert np.array_equal(whole, np.concatenate(parts))


def test_fewer_discs_can_be_asked_for_and_too_many_are_refused():
    assert len(Cells(SENSOR, per_s=100).crossings(0, 2_000_000, 50)) == pytest.approx(200, rel=0.15)
    with pytest.raises(ValueError, match="per_s must lie between 0 and"):
        Cells(SENSOR, per_s=5000)
    with pytest.raises(ValueError, match="per_s"):
        Cells(SENSOR, per_s=0)
    assert Cells(SensorSize(64, 48)).per_s < 1000
