"""A device in a process of its own may crash, hang or lie: the session outlives it, and says so."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eventvision.core import DeviceError, SliceDroppedError, load_card, load_golden
from eventvision.devices import (
    ActivityMeter,
    PowerMeter,
    Recovery,
    find_device,
    open_session,
)

CARD = load_card("digits-nano")
GOLDEN = load_golden(CARD)
EVENTS = {"events": GOLDEN.inputs["events"][0]}
QUICK = Recovery(step_timeout_s=120.0, start_timeout_s=240.0, first_wait_s=0.0, attempts=2)
IMPATIENT = replace(QUICK, step_timeout_s=4.0)
"""For devices that hang; on a busy machine it may be true of others, too."""
FAULTY = Path(__file__).with_name("faulty.py")


@pytest.fixture
def faulty(plug_in):
    folder = plug_in("faulty", "faulty:FaultyDevice", FAULTY)
    (folder / "plug").touch()
    return folder


def step_until(session, wanted, seconds=120.0):
    """Step until `wanted(health)`; return how many results and dropped slices there were."""
    results = dropped = 0
    end = time.monotonic() + seconds
    while not wanted(session.health) and time.monotonic() < end:
        try:
            session.step(EVENTS)
            results += 1
        except SliceDroppedError:
            dropped += 1
            time.sleep(0.01)
    return results, dropped


FAULTS = [
    ("killed", "killed by SIGKILL"),
    ("segfault", "SIGSEGV.*Segmentation fault"),
    ("exit", "ended with code 3.*licence server is gone"),
    ("hang", "did not answer within 4 s"),
    ("memory", "MemoryError"),
    ("nan", "output is not finite"),
    ("shape", r"has the shape \(10,\) instead of \(1, 10\)"),
    ("raises", "RuntimeError: driver says no"),
]


@pytest.mark.parametrize(("fault", "reason"), FAULTS, ids=[fault for fault, _ in FAULTS])
def test_after_a_fault_a_new_process_carries_on(faulty, fault, reason):
    told = []
    device = f"process:faulty:{fault}"
    recovery = IMPATIENT if fault == "hang" else QUICK
    with open_session(CARD, device, recovery=recovery, report=told.append) as session:
        first = session.step(EVENTS)["output"]
        results, dropped = step_until(session, lambda health: health.restarts >= 1)
        health = session.health
        assert not np.array_equal(session.step(EVENTS)["output"], first), "the same process"
    assert health.failures == 1
    assert health.dropped == dropped >= 1
    assert results >= 1
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(told[0])


def test_a_process_that_takes_nothing_in_is_stopped(faulty):
    told = []
    with open_session(
        CARD, "process:faulty:stopped", recovery=IMPATIENT, report=told.append
    ) as session:
        step_until(session, lambda health: health.failures >= 1)
    assert "did not answer within 4 s" in told[0]


def test_a_device_that_was_unplugged_runs_again_once_it_is_back(faulty):
    told = []
    device = "process:faulty:unplugged"
    with open_session(CARD, device, recovery=QUICK, report=told.append) as session:
        step_until(session, lambda health: health.failures >= 3)
        (faulty / "plug").touch()
        step_until(session, lambda health: health.restarts >= 1)
        assert session.step(EVENTS)["output"].any()
    assert "no such device" in told[0]
    assert "is unplugged" in told[1]


def test_the_fall_back_takes_over_from_a_process_that_keeps_crashing(faulty):
    told = []
    device = "process:faulty:killed+reference"
    with open_session(CARD, device, recovery=QUICK, report=told.append) as session:
        step_until(session, lambda health: health.device == "reference" and health.is_running)
        session.reset()
        found = [session.step({"events": each})["output"] for each in GOLDEN.inputs["events"]]
        assert session.artifact == "integer"
    np.testing.assert_array_equal(found, GOLDEN.expected("integer")["output"])
    assert "reference takes over" in told[-2]


@pytest.mark.parametrize("fault", ["crashing_probe", "hanging_open"])
def test_what_fails_before_the_first_slice_is_an_error(faulty, fault):
    impatient = Recovery(start_timeout_s=4.0)
    with pytest.raises(DeviceError, match=f"process:faulty:{fault}"):
        open_session(CARD, f"process:faulty:{fault}", recovery=impatient)


def test_a_misfit_is_told_from_the_other_process(faulty):
    from eventvision.core import SessionOptions

    fit = find_device("process:faulty:misfit").fits(CARD, SessionOptions())
    assert (fit.layer, fit.reason) == ("conv2", "needs 128 Ki neurons")


def test_a_process_gives_what_its_device_gives(faulty):
    with (
        open_session(CARD, "process:cpu", recovery=QUICK) as there,
        open_session(CARD, "cpu") as here,
    ):
        for events in GOLDEN.inputs["events"]:
            given = {"events": events}
            np.testing.assert_array_equal(there.step(given)["output"], here.step(given)["output"])
        assert there.facet(ActivityMeter).read() == here.facet(ActivityMeter).read()
        there.reset()
        here.reset()
        np.testing.assert_array_equal(there.step(EVENTS)["output"], here.step(EVENTS)["output"])


def test_facets_are_read_in_the_other_process(faulty):
    with open_session(CARD, "process:faulty") as session:
        assert session.facet(PowerMeter).read_mw() == 12.5
        assert session.facet(ActivityMeter) is None


def test_nothing_is_left_running_after_closing(faulty):
    others = children()
    session = open_session(CARD, "process:faulty")
    child = children() - others
    session.close()
    assert len(child) == 1
    assert not child & children()


def test_the_process_ends_with_the_one_that_started_it(faulty):
    script = (
        "import os, threading\n"
        "from eventvision.devices import Recovery, open_session\n"
        "patient = Recovery(step_timeout_s=600, start_timeout_s=600)\n"
        "session = open_session('digits-nano', 'process:faulty:hang', recovery=patient)\n"
        "import numpy as np\n"
        "events = {'events': np.zeros((1, 2, 34, 34), np.float32)}\n"
        "session.step(events), session.step(events)\n"
        "threading.Thread(target=session.step, args=(events,), daemon=True).start()\n"
        "import subprocess\n"
        "from pathlib import Path\n"
        "print(Path(f'/proc/{os.getpid()}/task/{os.getpid()}/children').read_text(), flush=True)\n"
        "os._exit(0)\n"
    )
    path = os.pathsep.join(filter(None, sys.path))
    outcome = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    (child,) = map(int, outcome.stdout.split())
    end = time.monotonic() + 120
    while is_alive(child) and time.monotonic() < end:
        time.sleep(0.05)
    assert not is_alive(child)


def children():
    """Return the processes that this one started, for the device or in other tests."""
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def is_alive(process):
    with contextlib.suppress(OSError):
        return "Z" not in Path(f"/proc/{process}/stat").read_text().split()[2]
    return False
