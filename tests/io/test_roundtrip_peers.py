"""Files that we write open in other tools with identical events.

Each tool runs in a process of its own, in the environment that EVENTVISION_PEERS_PYTHON names (this
one if unset); where a tool is not installed there, its tests are skipped.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys

import numpy as np
import pytest

from eventvision.core import EVENT_DTYPE, Events, Packet, SensorSize
from eventvision.io import open_writer

SENSOR = SensorSize(640, 480)
PYTHON = os.environ.get("EVENTVISION_PEERS_PYTHON", sys.executable)

READERS = {
    "faery": """
events = np.concatenate(list(faery.events_stream_from_file(path)))
columns = [events[name] for name in ("t", "x", "y", "on")]
""",
    "eventcv": """
options = {
    ".bag": {"topic": "/dvs/events"},
    ".csv": {"keys": {"t": "t_us", "x": "x", "y": "y", "p": "p"}, "time_unit": "microseconds"},
    ".txt": {"time_unit": "microseconds"},
    ".h5": {"time_unit": "microseconds"},
}
events = eventcv.load(path, **options.get(path[path.rindex("."):], {})).numpy()
columns = [events[:, 2], events[:, 0], events[:, 1], events[:, 3] > 0]
""",
    "expelliarmus": """
encoding = {".dat": "dat", ".raw": "evt2"}[path[-4:]]
events = expelliarmus.Wizard(encoding=encoding).read(path)
columns = [events[name] for name in ("t", "x", "y", "p")]
""",
    "dv_processing": """
recording = dv_processing.io.MonoCameraRecording(path)
parts = []
while (batch := recording.getNextEventBatch()) is not None:
    parts.append(batch.numpy())
events = np.concatenate(parts)
columns = [events[name] for name in ("timestamp", "x", "y", "polarity")]
""",
}
WRITTEN = [
    ("EVT3", "a.raw", "faery"),
    ("EVT3", "a.raw", "eventcv"),
    ("EVT2", "a.raw", "faery"),
    ("EVT2", "a.raw", "eventcv"),
    ("EVT2", "a.raw", "expelliarmus"),
    ("DAT", "a.dat", "faery"),
    ("DAT", "a.dat", "eventcv"),
    ("DAT", "a.dat", "expelliarmus"),
    ("AEDAT4", "a.aedat4", "faery"),
    ("AEDAT4", "a.aedat4", "eventcv"),
    ("AEDAT4", "a.aedat4", "dv_processing"),
    ("CSV", "a.csv", "faery"),
    ("CSV", "a.csv", "eventcv"),
    ("TXT", "a.txt", "eventcv"),
    ("NPZ", "a.npz", "eventcv"),
    ("HDF5", "a.h5", "eventcv"),
    ("BAG", "a.bag", "eventcv"),
]
"""Formats, names and tools. Left out: EVT3 in expelliarmus, which takes a low time that falls
after a high one for a wrap; EVT2.1, NPY and ROS2 bags, which none of them reads."""


@functools.cache
def is_installed(tool: str) -> bool:
    tried = subprocess.run([PYTHON, "-c", f"import {tool}"], check=False, capture_output=True)
    return tried.returncode == 0


def read_by(tool, path, out):
    """Return the events that a tool finds in a file."""
    script = f"import sys, numpy as np, {tool}\npath, out = sys.argv[1:]\n{READERS[tool]}"
    script += "np.save(out, np.stack([np.asarray(c).astype(np.int64) for c in columns], axis=1))"
    done = subprocess.run(
        [PYTHON, "-c", script, path, out], check=False, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    return np.load(out)


def events_like(scene):
    """Noise with rows of neighbours in it, or with a silence longer than 24 bits."""
    random = np.random.default_rng(7)
    t = 1000 + np.cumsum(random.integers(0, 60, 20_000))
    events = np.zeros(t.size, EVENT_DTYPE)
    events["t"], events["on"] = t, random.integers(0, 2, t.size)
    events["x"], events["y"] = random.integers(0, 640, t.size), random.integers(0, 480, t.size)
    for start in range(0, t.size, 100):
        row = events[start : start + 40]
        row["t"], row["y"], row["on"] = row["t"][0], row["y"][0], row["on"][0]
        row["x"] = 500 + np.cumsum(random.integers(1, 4, 40))
    if scene == "silence":
        events["t"][10_000:] += 50_000_000
    return events


@pytest.mark.parametrize(("format_name", "name", "tool"), WRITTEN)
@pytest.mark.parametrize("scene", ["rows", "silence"])
def test_a_tool_finds_the_same_events(tmp_path, format_name, name, tool, scene):
    if not is_installed(tool):
        pytest.skip(f"{tool} is not installed for {PYTHON}")
    events = events_like(scene)
    writer = open_writer(tmp_path / name, SENSOR, format=format_name, camera="a camera")
    for start in range(0, events.size, 3000):
        writer.write(Packet(Events(events[start : start + 3000], SENSOR)))
    writer.close()
    found = read_by(tool, str(tmp_path / name), str(tmp_path / "found.npy"))
    assert found.shape == (events.size, 4)
    for column, field in enumerate(EVENT_DTYPE.names):
        assert np.array_equal(found[:, column], events[field].astype(np.int64)), field
