"""Damaged recordings of every format: nothing but our own errors, nothing out of order, no hang."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random
from types import SimpleNamespace

import fuzz
import numpy as np
import pytest
from fuzz_mutations import MUTATIONS, mutated

from eventvision.core import (
    EVENT_DTYPE,
    DamageReport,
    Events,
    EventVisionError,
    FormatError,
    Packet,
    SensorSize,
)
from eventvision.io import FORMATS

pytest.importorskip("h5py")
pytest.importorskip("rosbags")

INPUTS = 20_160
SENSOR = SensorSize(8, 4)
DATA = bytes(range(256)) * 4 + b"% width 640\n% height 480\n" + bytes(100)


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return fuzz.Bench(fuzz.Work(tmp_path_factory.mktemp("fuzz"), 1, 0, 1, 1))


def packet(*rows, sensor=SENSOR):
    return Packet(Events(np.array(list(rows), EVENT_DTYPE), sensor))


class Fake:
    """A source that yields what it is given, or raises it."""

    def __init__(self, *packets, sensor=SENSOR, camera=""):
        self.info = SimpleNamespace(sensor=sensor, camera=camera, notes=())
        self.damage = DamageReport()
        self._packets = packets

    def __iter__(self):
        for one in self._packets:
            if isinstance(one, Exception):
                raise one
            yield one

    def seek(self, t_us):
        pass

    def close(self):
        pass


def test_every_format_that_is_read_is_damaged(bench):
    names = " ".join(seed.name for seed in bench.seeds)
    # RAW is the reader's name of the three encodings; MATLAB and the others stand for themselves.
    wanted = [known.name for known in FORMATS if known.reader and known.name != "RAW"]
    assert [name for name in ("EVT2", "EVT2.1", "EVT3", *wanted) if name not in names] == []


def test_undamaged_recordings_are_read_whole(bench):
    assert bench.try_undamaged() > 20


def test_the_same_number_gives_the_same_input(bench):
    assert [bench.input(number) for number in range(100)] == [
        bench.input(number) for number in range(100)
    ]


@pytest.mark.parametrize(
    "mutation", dict.fromkeys(MUTATIONS), ids=lambda mutation: mutation.__name__
)
def test_every_mutation_changes_files(mutation):
    changed = [mutation(DATA, Random(number)) != DATA for number in range(50)]
    assert sum(changed) > 35


@pytest.mark.parametrize("data", [b"\0", b"\n", b"ab", DATA])
def test_damaged_files_are_neither_empty_nor_large(data):
    sizes = [len(mutated(data, Random(number))) for number in range(500)]
    assert min(sizes) > 0
    assert max(sizes) <= 1 << 16


LIARS = {
    "earlier than the event before": Fake(packet((5, 0, 0, 1), (4, 0, 0, 1))),
    "earlier than the packet before": Fake(packet((5, 0, 0, 1)), packet((4, 0, 0, 1))),
    "before time 0": Fake(packet((-1, 0, 0, 1))),
    "right of the sensor": Fake(packet((5, 8, 0, 1))),
    "below the sensor": Fake(packet((5, 0, 4, 1))),
    "endless": Fake(*[packet(*[(5, 0, 0, 1)] * 1000)] * 102),
    "a traceback": Fake(IndexError("index 3 is out of bounds")),
    "a camera that moves the cursor": Fake(camera="\x1b[2J"),
    "several lines": Fake(EventVisionError("is\ndamaged")),
}


@pytest.mark.parametrize("source", LIARS.values(), ids=LIARS.keys())
def test_a_reader_that_breaks_its_promises_is_found(monkeypatch, tmp_path, source):
    monkeypatch.setattr(fuzz, "open_source", lambda path: source)
    (tmp_path / "a").write_bytes(b"12345678")
    with pytest.raises((fuzz.ViolationError, IndexError)):
        fuzz.outcome(tmp_path / "a")


def test_a_reader_that_keeps_its_promises_is_not(monkeypatch, tmp_path):
    (tmp_path / "a").write_bytes(b"12345678")
    good = Fake(packet((0, 0, 0, 1), (5, 7, 3, 0)), packet((5, 0, 0, 1)))
    monkeypatch.setattr(fuzz, "open_source", lambda path: good)
    monkeypatch.setattr(good, "seek", lambda t_us: setattr(good, "_packets", good._packets[1:]))
    assert fuzz.outcome(tmp_path / "a") == "whole"
    refused = Fake(FormatError("a", "is damaged", "mend it"))
    monkeypatch.setattr(fuzz, "open_source", lambda path: refused)
    assert fuzz.outcome(tmp_path / "a") == "refused"


@pytest.mark.timeout(1800)
def test_twenty_thousand_damaged_recordings_do_no_harm():
    script = Path(fuzz.__file__)
    command = [sys.executable, str(script), "--inputs", str(INPUTS), "--jobs", "2", "--seed", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{INPUTS} inputs" in done.stdout
