"""A stage that hangs is started again by itself, while all others go on."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from eventvision_apps.daemon.supervisor import DONE, FAILED
from live_sources import LiveSource
from supervised import WAIT_S, Daemon, status_of, wait_until

from eventvision.core import GAP_SOURCE, SourceNotFoundError
from eventvision.io import open_source
from eventvision.sinks import JsonlSink

PATIENT, IMPATIENT = "stage_s: 3600", "stage_s: 2"


@pytest.fixture
def daemon(tmp_path, monkeypatch):
    def make(*sources, drain_s: float = WAIT_S) -> Daemon:
        """Make one that waits so long for a run to end: short where that hangs."""
        return Daemon(tmp_path, monkeypatch, sources, drain_s=drain_s)

    return make


@contextmanager
def impatient(one: Daemon, supervisor) -> Iterator[None]:
    """Let stages seem stuck after two seconds, which on a busy machine is soon, only meanwhile."""
    one.edit(PATIENT, IMPATIENT)
    supervisor.reload()
    yield
    one.edit(IMPATIENT, PATIENT)
    supervisor.reload()


class Hang:
    """Keeps whoever calls it waiting, once it is armed, and then never again."""

    def __init__(self) -> None:
        self._is_armed, self._began, self.released = (threading.Event() for _ in range(3))

    def __call__(self, *_: object) -> None:
        if self._is_armed.is_set() and not self._began.is_set():
            self._began.set()
            self.released.wait(WAIT_S)

    def begin(self) -> None:
        self._is_armed.set()
        assert self._began.wait(WAIT_S)


@pytest.fixture
def hang():
    one = Hang()
    yield one
    one.released.set()


def restarts(supervisor) -> dict[str, int]:
    return status_of(supervisor, "daemon", "restarts")


def goes_on(supervisor) -> None:
    seen = status_of(supervisor, "slices")
    wait_until(lambda: status_of(supervisor, "slices") > seen + 5)


def test_a_source_that_hangs_is_opened_again_while_the_recording_goes_on(daemon, hang, tmp_path):
    one = daemon(*(LiveSource(hang) for _ in range(9)))
    with one.path.open("a") as settings:
        settings.write(
            f"recorder: {{folder: {tmp_path / 'rec'}, when: always, keep: {{free_gigabytes: 0}}}}\n"
        )
    with one.running() as supervisor:
        wait_until(lambda: status_of(supervisor, "recorder") is not None)
        goes_on(supervisor)
        hang.begin()
        with impatient(one, supervisor):
            wait_until(lambda: "source" in restarts(supervisor))
        wait_until(lambda: status_of(supervisor, "daemon", "phase") == "running")
        goes_on(supervisor)
        hang.released.set()  # what it says now is of no interest to anybody
        wait_until(one.opened[0].closed.is_set)
        goes_on(supervisor)
        assert status_of(supervisor, "damage_kinds") == {"stalled": len(one.opened) - 1}
        assert set(restarts(supervisor)) == {"source"}
    numbers = [json.loads(line)["slice"] for line in one.results()]
    assert numbers == sorted(set(numbers))
    dropped = status_of(supervisor, "dropped", "slices: results too slow")
    assert numbers[-1] + 1 - len(numbers) == dropped
    (recording,) = (tmp_path / "rec").iterdir()
    with open_source(recording) as source:
        packets = list(source)
        assert not source.damage
    t = [int(t) for packet in packets for t in packet.events.t]
    assert t == sorted(t)
    assert len(t) == status_of(supervisor, "events")
    marks = [mark for packet in packets for mark in packet.triggers if mark["source"] == GAP_SOURCE]
    assert len(marks) == len(one.opened) - 1
    before = max(at for at in t if at < marks[0]["t"])
    assert marks[0]["t"] - before > 1_000_000  # as long as it was away, by the wall clock


def test_a_source_that_hangs_again_and_again_ends_the_daemon(daemon, hang):
    hanging = (LiveSource(lambda _: hang.released.wait(WAIT_S)) for _ in range(9))
    one = daemon(*hanging, drain_s=0.5)
    one.edit(f"{PATIENT}, restarts: 3", f"{IMPATIENT}, restarts: 2")
    with one.running() as supervisor:
        wait_until(lambda: bool(one.codes))
        assert restarts(supervisor) == {"source": 2}
    assert one.codes == [FAILED]


def test_a_source_that_cannot_be_opened_again_is_waited_for(daemon, hang):
    away = SourceNotFoundError("camera:test", "not attached", "plug it in")
    one = daemon(LiveSource(hang), away, LiveSource())
    with one.running() as supervisor:
        goes_on(supervisor)
        hang.begin()
        with impatient(one, supervisor):
            wait_until(lambda: "source" in status_of(supervisor, "daemon", "faults"))
        wait_until(lambda: len(one.opened) == 2)
        goes_on(supervisor)
        assert status_of(supervisor, "daemon", "faults") == {"stage source": 1, "source": 1}


@pytest.fixture
def file_that_hangs(tmp_path, monkeypatch):
    """Lets the first results file be a pipe that nobody reads: opening it never returns."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    opened = []

    def open_(path):
        opened.append(path)
        return JsonlSink(pipe if len(opened) <= open_.hanging else path)

    open_.hanging = 1
    monkeypatch.setattr("eventvision_apps.daemon.services.JsonlSink", open_)
    yield open_
    with pipe.open("rb", buffering=0) as reader:  # lets go of whoever hangs
        while reader.read(1 << 16):
            pass


def test_results_that_hang_are_begun_anew_while_perception_goes_on(daemon, file_that_hangs):
    one = daemon(LiveSource())
    with one.running() as supervisor:
        goes_on(supervisor)
        with impatient(one, supervisor):
            wait_until(lambda: "jsonl files" in restarts(supervisor))
        wait_until(lambda: len(one.results()) > 5)
        assert set(restarts(supervisor)) == {"jsonl files"}
        assert status_of(supervisor, "daemon", "phase") == "running"
    lines = [json.loads(line)["slice"] for line in one.results()]
    assert lines == sorted(set(lines))
    lost = status_of(supervisor, "dropped", "results: jsonl files not written")
    assert lost >= 1
    assert len(lines) + lost == status_of(supervisor, "slices")


def test_results_that_hang_for_good_are_lost_and_perception_goes_on(daemon, file_that_hangs):
    file_that_hangs.hanging = 99
    one = daemon(LiveSource())
    one.edit("restarts: 3", "restarts: 1")
    with one.running() as supervisor:
        goes_on(supervisor)
        with impatient(one, supervisor):
            wait_until(lambda: "stage jsonl files" in status_of(supervisor, "daemon", "lasting"))
        goes_on(supervisor)
        assert restarts(supervisor) == {"jsonl files": 1}
    assert one.codes == [DONE]


def test_a_task_that_hangs_costs_the_run_but_no_result_that_was_there(daemon, hang):
    one = daemon(*(LiveSource() for _ in range(9)), drain_s=0.5)
    with one.running() as supervisor:
        kept = supervisor.state.latest.write

        def write(result):
            hang()
            kept(result)

        supervisor.state.latest.write = write
        goes_on(supervisor)
        hang.begin()
        with impatient(one, supervisor):
            wait_until(lambda: "infer" in restarts(supervisor))
        wait_until(lambda: len(one.opened) > 1)
        goes_on(supervisor)
        hang.released.set()  # what it found comes too late
        goes_on(supervisor)
    numbers = [json.loads(line)["slice"] for line in one.results()]
    begun_anew = numbers.index(0, 1)
    assert begun_anew > 5
    assert numbers[:begun_anew] == sorted(set(numbers[:begun_anew]))
