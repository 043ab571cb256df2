"""What is left of a recording when the recorder is killed, or the disk is full."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from eventvision.core import EVENT_DTYPE
from eventvision.io import open_source

SUFFIXES = [".aedat4", ".raw"]
KILLS = 20
LONGEST_LOSS_US = 1_000_000
NOTHING_YET = np.empty(0, EVENT_DTYPE)
"""What a RAW file holds before the first events: not even a header, since that tells their time."""

COMMON = """
import json, os, random, resource, signal, sys, time
import numpy as np
from eventvision.core import EVENT_DTYPE, Events, OutputError, Packet, SensorSize
from eventvision.sinks import Recorder

SENSOR = SensorSize(320, 240)

def packet(begin_us, end_us):
    t = np.arange(begin_us, end_us, 5)
    data = np.zeros(t.size, EVENT_DTYPE)
    data["t"], data["x"], data["y"], data["on"] = t, t // 5 % 320, t // 7 % 240, t % 3 == 0
    return Packet(Events(data, SENSOR))
"""

KILLED = (
    COMMON
    + """
suffix, kills = sys.argv[1], int(sys.argv[2])
random.seed(1)

def record(path):
    recorder = Recorder(path, SENSOR)
    began_ns, done_us, longest_us = time.monotonic_ns(), 0, 0
    while True:
        time.sleep(0.02)
        now_us = (time.monotonic_ns() - began_ns) // 5_000 * 5
        recorder.write(packet(done_us, now_us))
        longest_us, done_us = max(longest_us, now_us - done_us), now_us
        told = f"{now_us:20} {longest_us:20} {recorder.report.events:20}"
        os.pwrite(2, told.encode(), 0)

with Recorder("warm" + suffix, SENSOR) as recorder:
    recorder.write(packet(0, 1000))
children = []
for number in range(kills):
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(f"{number}.clock", os.O_CREAT | os.O_RDWR), 2)
        record(f"{number}{suffix}")
    children.append((random.uniform(0.15, 1.5), number, pid))
began_s = time.monotonic()
for after_s, number, pid in sorted(children):
    time.sleep(max(0, began_s + after_s - time.monotonic()))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
"""
)

FULL = (
    COMMON
    + """
path, limit = sys.argv[1], int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
recorder = Recorder(path, SENSOR)
said = []
for number in range(60):
    time.sleep(0.01)
    try:
        recorder.write(packet(number * 100_000, (number + 1) * 100_000))
    except OutputError as error:
        said.append(str(error))
try:
    recorder.close()
except OutputError as error:
    said.append(str(error))
report = recorder.report
print(json.dumps([said, report.events, report.dropped]))
"""
)

COUNT_WITH_DV = """
import sys, dv_processing as dv
for path in sys.argv[1:]:
    recording, events = dv.io.MonoCameraRecording(path), 0
    while recording.isRunning():
        batch = recording.getNextEventBatch()
        if batch is not None:
            events += len(batch)
    print(events)
"""


def run(script: str, *arguments: object, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def read(path: Path) -> np.ndarray:
    with open_source(path) as source:
        return np.concatenate([packet.events.data for packet in source])


def is_as_written(data: np.ndarray) -> bool:
    t = np.arange(data.size) * 5
    return (
        np.array_equal(data["t"], t)
        and np.array_equal(data["x"], t // 5 % 320)
        and np.array_equal(data["y"], t // 7 % 240)
        and np.array_equal(data["on"], t % 3 == 0)
    )


@pytest.fixture(scope="module", params=SUFFIXES)
def killed(request, tmp_path_factory) -> list[tuple[Path, tuple[int, ...]]]:
    """Recordings whose recorder was killed, and what each had told: how far it had come, how long
    at most the machine had kept it waiting, and how many events it had recorded.
    """
    folder = tmp_path_factory.mktemp("killed")
    run(KILLED, request.param, KILLS, folder=folder)
    return [
        (
            folder / f"{number}{request.param}",
            tuple(map(int, ((folder / f"{number}.clock").read_text() or "0 0 0").split())),
        )
        for number in range(KILLS)
    ]


def test_a_recorder_that_is_killed_loses_at_most_the_last_second(killed):
    losses_us = []
    for path, (clock_us, waited_us, recorded) in killed:
        data = read(path) if path.stat().st_size else NOTHING_YET
        assert is_as_written(data)
        assert data.size >= recorded
        # A process that does not come to its turn cannot save anything either.
        losses_us.append(clock_us - int(data["t"].max(initial=0)) - 10 * waited_us)
    assert max(losses_us) < LONGEST_LOSS_US, losses_us
    assert len(losses_us) == KILLS


def test_what_a_killed_recorder_leaves_opens_in_dv_processing_as_it_is(killed):
    paths = [path for path, _ in killed]
    if paths[0].suffix != ".aedat4":
        pytest.skip("dv-processing reads AEDAT4 only")
    told = run(COUNT_WITH_DV, *paths, folder=paths[0].parent).split()
    assert [int(count) for count in told] == [read(path).size for path in paths]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_full_disk_stops_the_recording_and_leaves_the_file_intact(tmp_path, suffix):
    path = tmp_path / f"full{suffix}"
    limit = 1_000_000
    said, events, dropped = json.loads(run(FULL, path, limit, folder=tmp_path))
    (line,) = said
    assert str(path) in line
    assert "size limit" in line
    assert f"recording stopped after {events} events" in line
    with open_source(path) as source:
        data = np.concatenate([packet.events.data for packet in source])
        assert not source.damage
    assert data.size == events > 10_000
    assert is_as_written(data)
    assert events + sum(dropped.values()) == 60 * 20_000
    assert path.stat().st_size <= limit
