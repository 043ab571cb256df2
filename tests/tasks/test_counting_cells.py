"""A thousand cells a second are counted, against the simulator's exact truth."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import Events, SensorSize, Slice
from eventvision.simulation import PIXEL_MODELS, Cells, EventCamera, SubFrames
from eventvision.tasks import build_tasks

SENSOR = SensorSize(64, 260)
"""A strip of a channel: as many cells pass as in a wide one."""

COLUMN, STEP_US = 36, 2_000
FROM_US, UNTIL_US = 150_000, 450_000


def test_a_thousand_cells_a_second_are_counted_within_a_hundredth():
    scene = Cells(SENSOR, seed=1)
    tasks = build_tasks(
        ["detection:cells=6", "tracking", f"counting:line={COLUMN}x260-{COLUMN}x0"], SENSOR
    )
    passages = []
    for slice_ in slices_of(scene, UNTIL_US + 10 * STEP_US):
        given = {}
        for task in tasks:
            given[task.name] = task.step(slice_, given)
        passages += given["counting"].passages
    truth = scene.crossings(FROM_US, UNTIL_US, COLUMN)
    counted = [passage for passage in passages if FROM_US <= passage.at_us < UNTIL_US]
    assert len(truth) == pytest.approx(300, abs=10)
    assert {passage.way for passage in counted} == {"forward"}
    assert len(counted) == pytest.approx(len(truth), rel=0.01)
    speeds = np.array([passage.vx_px_s for passage in counted])
    assert 450 < speeds.min() < 800
    assert 1200 < speeds.max() < 1800


def slices_of(scene, until_us):
    """Yield what a camera sees of a scene, in slices of equal length."""
    camera, look = EventCamera(SENSOR, PIXEL_MODELS["evk4"], seed=1), SubFrames()
    camera.expose(0, scene.render(0))
    parts, now_us, index = [], 0, 0
    while now_us < until_us:
        now_us += look.step_us(scene, now_us)
        parts.append(camera.expose(now_us, scene.render(now_us)))
        end_us = (index + 1) * STEP_US
        if now_us >= end_us:
            events = Events.join(parts)
            split = int(np.searchsorted(events.t, end_us))
            seen, rest = (Events(part, SENSOR) for part in np.split(events.data, [split]))
            yield Slice(index, seen, index * STEP_US, end_us, "time")
            parts, index = [rest], index + 1
