"""The list of formats: complete, consistent, and what `open_writer` makes of it."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import EVENT_DTYPE, ConfigError, Events, OutputError, Packet, SensorSize
from eventvision.io import FORMATS, open_source, open_writer

SENSOR = SensorSize(64, 48)
WRITTEN = [known for known in FORMATS if known.writer]
VARIANTS = [(known, variant) for known in WRITTEN for variant in known.variants]


def some_events():
    events = np.zeros(2000, EVENT_DTYPE)
    events["t"] = np.arange(2000) * 37
    events["x"], events["y"] = np.arange(2000) % 64, np.arange(2000) % 48
    events["on"] = np.arange(2000) % 3 == 0
    return events


def written(path, format_name=None, **options):
    writer = open_writer(path, SENSOR, format=format_name, **options)
    writer.write(Packet(Events(some_events(), SENSOR)))
    writer.close()


def test_names_are_unique_and_suffixes_lower_case():
    names = [known.name.lower() for known in FORMATS]
    assert len(set(names)) == len(names)
    for known in FORMATS:
        assert known.reader or known.writer
        assert all(suffix == suffix.lower() and suffix[0] == "." for suffix in known.suffixes)


@pytest.mark.parametrize("known", FORMATS, ids=lambda known: known.name)
def test_readers_and_writers_exist_and_carry_what_is_listed(known):
    if known.reader:
        assert known.load(known.reader).__name__.endswith("Source")
    if known.writer:
        assert known.load(known.writer).carries == known.carries


@pytest.mark.parametrize("known", WRITTEN, ids=lambda known: known.name)
def test_every_written_format_is_recognised_by_its_content_or_name(tmp_path, known):
    path = tmp_path / f"a{known.suffixes[0]}"
    written(path, known.name)
    with open_source(path, sensor=SENSOR) as source:
        events = np.concatenate([packet.events.data for packet in source])
    assert not source.damage
    assert events.tolist() == some_events().tolist()
    assert not any("because of its content" in note for note in source.info.notes)


@pytest.mark.parametrize(
    ("known", "variant"), VARIANTS, ids=[f"{known.name}:{variant}" for known, variant in VARIANTS]
)
def test_every_variant_of_a_format_can_be_chosen(tmp_path, known, variant):
    path = tmp_path / f"a{known.suffixes[0]}"
    written(path, f"{known.name}:{variant}")
    with open_source(path) as source:
        events = np.concatenate([packet.events.data for packet in source])
        assert variant in source.info.format
    assert not source.damage
    assert events.tolist() == some_events().tolist()


@pytest.mark.parametrize("known", WRITTEN, ids=lambda known: known.name)
def test_an_empty_recording_of_every_format_opens(tmp_path, known):
    path = tmp_path / f"a{known.suffixes[0]}"
    open_writer(path, SENSOR, format=known.name).close()
    with open_source(path, sensor=SENSOR) as source:
        assert sum(len(packet) for packet in source) == 0
    assert not source.damage


@pytest.mark.parametrize(
    ("name", "format_name", "read_as"),
    [
        ("a.raw", None, "EVT3"),
        ("a.raw", "evt2", "EVT2"),
        ("a.raw", "EVT2.1", "EVT2.1"),
        ("a.RAW", None, "EVT3"),
        ("a.csv", None, "text"),
        ("a.bak", "npz", "NPZ"),
        ("a.bak", ".npy", "NPY"),
    ],
)
def test_the_suffix_or_a_given_name_picks_the_format(tmp_path, name, format_name, read_as):
    written(tmp_path / name, format_name)
    assert open_source(tmp_path / name).info.format == read_as


@pytest.mark.parametrize(
    ("name", "format_name", "words"),
    [
        ("a.mp4", None, ".mp4"),
        ("a", None, "NPZ"),
        ("a.raw", "evt9", "evt9"),
        ("a.raw", "evt3:big", "evt3:big"),
        ("a.es", None, "CSV"),
    ],
)
def test_what_cannot_be_written_is_refused_with_what_can(tmp_path, name, format_name, words):
    with pytest.raises(ConfigError, match=words) as caught:
        open_writer(tmp_path / name, SENSOR, format=format_name)
    assert all(known.name in caught.value.expected for known in WRITTEN)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_stays_unless_forced(tmp_path):
    (tmp_path / "a.raw").write_text("precious")
    with pytest.raises(OutputError, match="exists already"):
        written(tmp_path / "a.raw")
    assert (tmp_path / "a.raw").read_text() == "precious"
    written(tmp_path / "a.raw", force=True)
    assert open_source(tmp_path / "a.raw").info.format == "EVT3"


def test_further_options_reach_the_writer(tmp_path):
    written(tmp_path / "a.npz", compressed=True)
    written(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").stat().st_size < (tmp_path / "b.npz").stat().st_size
