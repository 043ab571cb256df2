"""The marking of events, against its definition in plain Python."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.kernels.drawing import mark_events


def reference(events: np.ndarray, step: int, cells: np.ndarray) -> None:
    for event in events:
        cell = int(cells[event["y"], event["x"]])
        if event["on"]:
            cells[event["y"], event["x"]] = min(255, max(cell, 128) + step)
        else:
            cells[event["y"], event["x"]] = max(1, min(cell, 128) - step)


@pytest.mark.parametrize("step", [1, 60, 127])
@pytest.mark.parametrize("events", [0, 1, 500])
def test_the_kernel_agrees_with_its_definition(make_result, step, events):
    data = make_result(3, events=events).slice.events.data
    cells = np.random.default_rng(0).integers(0, 256, (30, 40)).astype(np.uint8)
    expected = cells.copy()
    reference(data, step, expected)
    mark_events(data, step, cells)
    np.testing.assert_array_equal(cells, expected)
