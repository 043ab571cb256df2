"""What is written is what is read back: every writable format, whatever it carries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventvision.core import (
    EVENT_DTYPE,
    IMU_DTYPE,
    TRIGGER_DTYPE,
    Events,
    Frame,
    Packet,
    SensorSize,
)
from eventvision.io import FORMATS, open_source, open_writer

SENSOR = SensorSize(346, 260)
WRITTEN = [known for known in FORMATS if known.writer]
STARTS = (0, 1, 2**24 - 3, 2**24, 2**32 + 5, 2**34 + 5, 1_700_000_000_000_000)
STEP = st.one_of(st.just(0), st.integers(0, 3), st.just(1000), st.integers(0, 2_000_000_000))
PLACE = st.tuples(st.sampled_from([0, 1, 8, 345]), st.sampled_from([0, 9, 259]), st.booleans())


@st.composite
def streams(draw):
    """Packets of events in order; frames, inertial samples and triggers lie among them."""
    start = draw(st.sampled_from(STARTS))
    rows = draw(st.lists(st.tuples(STEP, PLACE), max_size=60))
    # Over 71 minutes of recording are more than DAT holds; its own tests look at that.
    steps = np.array([step for step, _ in rows], np.int64)
    steps[np.cumsum(steps) > 4_000_000_000] = 0
    times = start + np.cumsum(steps)
    events = np.array(
        [(t, *place) for t, (_, place) in zip(times.tolist(), rows, strict=True)], EVENT_DTYPE
    )
    cut = draw(st.integers(0, len(rows)))
    beside = draw(st.integers(0, 2))
    return [packet_of(part, beside) for part in (events[:cut], events[cut:])]


def packet_of(events, beside):
    """Put `beside` of everything else into the time of the events."""
    when = np.unique(events["t"])[:: max(1, events.size // max(1, beside))][:beside]
    imu, triggers = np.zeros(when.size, IMU_DTYPE), np.zeros(when.size, TRIGGER_DTYPE)
    imu["t"] = triggers["t"] = when
    imu["temperature"] = 21.5
    for number, name in enumerate(("accelerometer", "gyroscope", "magnetometer"), 1):
        imu[name] = np.tile([number, -number, 0.25], (when.size, 1))
    triggers["rising"] = np.arange(when.size) % 2 == 0
    frames = tuple(
        Frame(int(t), 0, (np.arange(12, dtype=np.uint8) * 7 + shade).reshape(3, 4))
        for shade, t in enumerate(when)
    )
    return Packet(Events(events, SENSOR), frames, imu, triggers)


def joined(packets):
    """Return events, frames, inertial samples and triggers as plain values."""
    events = np.concatenate([np.empty(0, EVENT_DTYPE), *(p.events.data for p in packets)])
    imu = np.concatenate([np.empty(0, IMU_DTYPE), *(p.imu for p in packets)])
    triggers = np.concatenate([np.empty(0, TRIGGER_DTYPE), *(p.triggers for p in packets)])
    frames = [frame for packet in packets for frame in packet.frames]
    return {
        "events": events.tolist(),
        "imu": [[np.asarray(value).tolist() for value in row] for row in imu],
        "triggers": triggers.tolist(),
        "frames": [(frame.t_us, frame.pixels.tolist()) for frame in frames],
    }


@pytest.mark.parametrize("known", WRITTEN, ids=lambda known: known.name)
@settings(max_examples=25, deadline=None)
@given(packets=streams())
def test_what_was_written_is_read_back(tmp_path_factory, known, packets):
    path = tmp_path_factory.mktemp("round") / f"a{known.suffixes[0]}"
    writer = open_writer(path, SENSOR, format=known.name, camera="a camera")
    for packet in packets:
        writer.write(packet)
    writer.close()
    writer.close()
    with open_source(path, sensor=SENSOR) as source:
        found = joined(list(source))
    assert not source.damage
    expected = joined(packets)
    for kind in ("events", *sorted(known.carries)):
        assert found[kind] == expected[kind], kind
    assert all(not found[kind] for kind in expected.keys() - {"events", *known.carries})
