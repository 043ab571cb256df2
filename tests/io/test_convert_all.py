"""From every format that is read into every format that is written, and back."""

from __future__ import annotations

from collections import Counter

import fuzz
import numpy as np
import pytest
from fuzz_seeds import COUNT

from eventvision.io import FORMATS, convert, open_source

pytest.importorskip("h5py")
pytest.importorskip("rosbags")

WRITABLE = [known for known in FORMATS if known.writer]
FIELDS = ("t", "x", "y", "on")
SIDE = ("frames", "imu", "triggers")


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Paths of a small recording of every kind."""
    bench = fuzz.Bench(fuzz.Work(tmp_path_factory.mktemp("seeds"), 3, 0, 1, 1))
    paths = {}
    for seed in bench.seeds:
        path = bench.laid_out(seed, seed.data)
        kept = path.with_name(f"{len(paths)}{seed.suffix}") if path.is_file() else path
        paths[seed.name] = path.rename(kept) if path.is_file() else path
    return paths


def contents(path, sensor):
    """Return the columns of all events, and how much there is besides."""
    with open_source(path, sensor=sensor) as source:
        packets = list(source)
        assert not source.damage
    besides = Counter()
    for packet in packets:
        for kind in SIDE:
            besides[kind] += len(getattr(packet, kind))
    columns = [np.concatenate([packet.events.data[name] for packet in packets]) for name in FIELDS]
    return [column.tolist() for column in columns], besides


@pytest.mark.parametrize("known", WRITABLE, ids=lambda known: known.name)
def test_events_stay_the_same_and_what_is_left_out_is_told(recordings, tmp_path, known):
    for name, path in recordings.items():
        target = tmp_path / f"{name.replace(' ', '-')}{known.suffixes[0]}"
        report = convert(path, target, format=known.name)
        events, besides = contents(path, report.sensor)
        assert len(events[0]) == report.events == COUNT, name
        again, kept = contents(target, report.sensor)
        assert again == events, name
        dropped = {kind: n for kind, n in besides.items() if n and kind not in known.carries}
        assert report.dropped == dropped, name
        assert kept == Counter({kind: besides[kind] for kind in known.carries}), name
        said = " ".join(report.notes)
        assert all(f"{n:,}" in said.partition("Left out")[2] for n in dropped.values()), name
