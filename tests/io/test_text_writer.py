"""Text recordings written: lines as a person sees them, exact round trips."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventvision.core import EVENT_DTYPE, Events, OutputError, Packet, SensorSize
from eventvision.io import open_source
from eventvision.io._text.writer import TextWriter
from eventvision.kernels.text_encode import LONGEST_LINE, format_events

VGA = SensorSize(640, 480)
STYLES = ("csv", "txt")


def events_of(*rows):
    return np.array(list(rows), EVENT_DTYPE)


def written(path, parts, style):
    writer = TextWriter(path, VGA, style=style)
    for part in parts:
        writer.write(Packet(Events(part, VGA)))
    writer.close()
    writer.close()


FEW = events_of((0, 0, 0, 0), (10, 9, 10, 1), (1_700_000_000_000_000, 639, 479, 1))


def test_csv_begins_with_names_and_txt_with_comments(tmp_path):
    written(tmp_path / "a.csv", [FEW[:1], FEW[1:]], "csv")
    written(tmp_path / "a.txt", [FEW], "txt")
    assert (tmp_path / "a.csv").read_text().splitlines() == [
        "t_us,x,y,p", "0,0,0,0", "10,9,10,1", "1700000000000000,639,479,1",
    ]  # fmt: skip
    assert (tmp_path / "a.txt").read_text().splitlines() == [
        "# sensor 640x480", "# t_us x y p", "0 0 0 0", "10 9 10 1", "1700000000000000 639 479 1",
    ]  # fmt: skip
    assert open_source(tmp_path / "a.txt").info.sensor == VGA


@pytest.mark.parametrize("t_us", [0, 9, 10, 99, 100, 999_999, 2**53, 2**63 - 1])
@pytest.mark.parametrize("pixel", [0, 9, 10, 65_535])
def test_numbers_are_those_that_python_writes(t_us, pixel):
    events = events_of((t_us, pixel, pixel, 1))
    text = np.full(LONGEST_LINE, 255, np.uint8)
    size = format_events(events.view(np.int64), ord(";"), text)
    assert text[:size].tobytes().decode() == f"{t_us};{pixel};{pixel};1\n"


def test_failures_are_told(tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        TextWriter(tmp_path / "none" / "a.csv", VGA)
    with pytest.raises(ValueError, match="style"):
        TextWriter(tmp_path / "a.csv", VGA, style="tsv")
    writer = TextWriter(tmp_path / "a.csv", VGA)
    with pytest.raises(OutputError, match="-1 us"):
        writer.write(Packet(Events(events_of((-1, 0, 0, 0)), VGA)))
    writer.close()


STEP = st.one_of(st.just(0), st.integers(0, 2000), st.just(1000), st.integers(0, 3_000_000_000))
PLACE = st.tuples(st.sampled_from([0, 1, 639]), st.sampled_from([0, 200, 479]), st.booleans())


@settings(max_examples=60, deadline=None)
@given(
    style=st.sampled_from(STYLES),
    start=st.sampled_from([0, 7, 2**34 + 1, 1_700_000_000_000_000]),
    rows=st.lists(st.tuples(STEP, PLACE), max_size=70),
    cut=st.integers(0, 70),
)
def test_what_was_written_is_read_back(tmp_path_factory, style, start, rows, cut):
    times = start + np.cumsum(np.array([step for step, _ in rows], np.int64))
    events = events_of(*((t, *place) for t, (_, place) in zip(times.tolist(), rows, strict=True)))
    path = tmp_path_factory.mktemp("round") / f"a.{style}"
    written(path, [events[:cut], events[cut:]], style)
    with open_source(path, sensor=VGA) as source:
        parts = [packet.events.data for packet in source]
    assert not source.damage
    assert np.concatenate([events[:0], *parts]).tolist() == events.tolist()
