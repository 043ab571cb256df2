"""A gap in a stream is marked by a trigger that any room can set and see."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import GAP_SOURCE, TRIGGER_DTYPE, Events, Packet, SensorSize

SENSOR = SensorSize(8, 8)


@pytest.mark.parametrize(
    ("times_us", "until_us", "marked_us"), [([30, 40], None, 30), ([], 50, 50), ([], None, 0)]
)
def test_a_gap_is_marked_at_the_first_time_after_it(times_us, until_us, marked_us):
    zeros = np.zeros(len(times_us))
    events = Events.from_columns(times_us, zeros, zeros, zeros, sensor=SENSOR)
    marked = Packet(events, until_us=until_us).after_gap()
    assert marked.triggers.tolist() == [(marked_us, GAP_SOURCE, True)]
    assert marked.events is events


def test_triggers_stay_in_order_when_a_gap_is_marked():
    zeros = np.zeros(1)
    events = Events.from_columns([30], zeros, zeros, zeros, sensor=SENSOR)
    edges = np.array([(20, 0, True), (40, 0, False)], TRIGGER_DTYPE)
    packet = Packet(events, triggers=edges)
    assert packet.after_gap().triggers["t"].tolist() == [20, 30, 40]
    assert packet.triggers.tolist() == edges.tolist()
