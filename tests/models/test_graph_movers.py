"""graph-movers: both forms give the golden output, and the task reads it."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import (
    EVENT_DTYPE,
    Detections,
    Events,
    SensorSize,
    Slice,
    load_card,
    load_golden,
)
from eventvision.graph import GraphStream, load_network
from eventvision.tasks import build_tasks

SENSOR = SensorSize(346, 260)
CARD = load_card("graph-movers")


def events_of(rows: np.ndarray) -> Events:
    data = np.zeros(len(rows), EVENT_DTYPE)
    data["t"], data["x"], data["y"], data["on"] = rows.T
    return Events(data, SENSOR)


@pytest.mark.parametrize("form", ["graph", "graph-integer"])
def test_every_form_gives_the_golden_output(form):
    sample = load_golden(CARD)
    stream = GraphStream(load_network(CARD.artifact(form)), SENSOR)
    for rows, expected in zip(
        sample.inputs["events"], sample.expected(form)["output"], strict=True
    ):
        stream.push(events_of(rows))
        found = stream.read(int(rows[-1, 0]))
        np.testing.assert_allclose(found, expected, rtol=0, atol=CARD.tolerance[form])


def test_the_task_reads_it_and_an_alarm_watches_it():
    tasks = build_tasks(["graph:score=0.05", "alarm:region=346x260+0+0:score=0.05"], SENSOR)
    graph, alarm = tasks
    sample = load_golden(CARD)
    for number, rows in enumerate(sample.inputs["events"]):
        t0_us, t1_us = int(rows[0, 0]), int(rows[-1, 0]) + 1
        slice_ = Slice(number, events_of(rows), t0_us, t1_us, "time")
        found = graph.step(slice_, {})
        assert isinstance(found, Detections)
        assert found.class_names == CARD.classes
        assert len(alarm.step(slice_, {"graph": found}).objects) <= len(found)


def test_it_is_read_on_any_sensor():
    (task,) = build_tasks(["graph"], SensorSize(640, 480))
    empty = Slice(0, Events.empty(SensorSize(640, 480)), 0, 1_000, "time")
    assert isinstance(task.step(empty, {}), Detections)
