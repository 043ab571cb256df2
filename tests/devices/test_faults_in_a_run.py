"""A run goes on while a device fails, says so, and counts what it cost."""

from __future__ import annotations

from pathlib import Path

import pytest

from eventvision.devices import Recovery
from eventvision.pipeline import RunConfig, replay

FAULTY = Path(__file__).with_name("faulty.py")
RECORDING = Path(__file__).parents[2] / "recordings" / "street.aedat4"
SLICES = 12
GOOD_STEPS = 8


@pytest.fixture
def run(plug_in, toy_models, monkeypatch):
    """Return a function that plays a recording on a device; it returns summary and notices."""
    folder = plug_in("faulty", "faulty:FaultyDevice", FAULTY)
    (folder / "plug").touch()
    monkeypatch.setenv("FAULTY_GOOD_STEPS", str(GOOD_STEPS))

    def play(device):
        config = RunConfig.checked(
            source=str(RECORDING),
            tasks=(f"reconstruction:model={toy_models.reconstruction}",),
            device=device,
            end_s=0.12,
        )
        notices = []
        return replay(config, on_notice=notices.append), "\n".join(notices)

    return play


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("killed", "killed by SIGKILL"),
        ("hang", "did not answer within 4 s"),
        ("nan", "not finite"),
        ("shape", "has the shape"),
        ("memory", "MemoryError"),
        ("unplugged", "no such device"),
    ],
)
def test_the_run_goes_on(run, monkeypatch, fault, told):
    if fault == "hang":
        monkeypatch.setitem(Recovery.__init__.__kwdefaults__, "step_timeout_s", 4.0)
    summary, said = run(f"process:faulty:{fault}")
    (network,) = summary.networks
    assert summary.slices == SLICES
    assert network.steps + network.dropped == SLICES
    assert network.failures >= 1
    assert network.dropped >= 1
    assert told in said
    assert "had no device" in str(summary.dropped)


def test_a_device_that_is_gone_hands_over_at_once(run):
    summary, said = run("process:faulty:crashing_probe+null")
    (network,) = summary.networks
    assert (network.device, network.dropped, network.steps) == ("null", 0, SLICES)
    assert "null takes over" in said
