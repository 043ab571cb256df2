"""The accelerator on its own, driven signal by signal through cocotb."""

from __future__ import annotations

import os
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from eventvision.core import SensorSize
from eventvision.devices.fpga import find_verilator, missing_tools
from eventvision.devices.fpga._build import TOP, all_sources
from eventvision.devices.fpga._generate import memory_images
from eventvision.devices.fpga._words import words_of
from eventvision.spiking.integer import IntegerSimulator

BENCH = Path(__file__).with_name("bench_accelerator.py")


def sent_by_the_last_layer(model, plan, steps):
    """Return the words that ought to come out: pixel by pixel, channels innermost."""
    simulator = IntegerSimulator(model, SensorSize(9, 7))
    words = []
    for counts in steps:
        simulator.step({plan.input_name: counts})
        spikes = simulator.tensor(plan.layers[-1].name).transpose(1, 2, 0)
        for (y, x, channel), value in np.ndenumerate(spikes):
            if value:
                words.append(int(channel) << 40 | int(y) << 28 | int(x) << 16 | int(value))
        words.append(1 << 63)
    return np.array(words, np.uint64)


@pytest.fixture
def runner(monkeypatch):
    if missing_tools()[0]:
        pytest.skip(": ".join(missing_tools()))
    tools = pytest.importorskip("cocotb_tools.runner", reason="pip install cocotb")
    verilator = find_verilator()
    folder = verilator.path.parent
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv(
        "MAKEFLAGS", "CFG_CXXFLAGS_PCH_I=-include"
    )  # lost in some builds of Verilator
    for name, value in verilator.environment.items():
        monkeypatch.setenv(name, value)
    return tools.get_runner("verilator")


def test_it_keeps_to_its_protocols_whatever_its_neighbours_do(
    runner, recording, spiking_model, spiking_plan, tmp_path, monkeypatch
):
    steps = recording(spiking_model, 5)
    words = np.concatenate([words_of(counts) for counts in steps])
    expected = sent_by_the_last_layer(spiking_model, spiking_plan, steps)
    np.savez(tmp_path / "bench.npz", words=words, expected=expected)
    for name, text in (all_sources(spiking_plan) | memory_images(spiking_plan)).items():
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(str(BENCH.parent))  # the simulator is given our path
    runner.build(
        sources=[tmp_path / name for name in all_sources(spiking_plan)],
        hdl_toplevel=TOP,
        build_args=["-Wno-fatal", "-CFLAGS", "-O0"],
        build_dir=tmp_path / "build",
        timescale=("1ns", "1ps"),
        log_file=tmp_path / "build.log",
    )
    report = runner.test(
        hdl_toplevel=TOP,
        test_module=BENCH.stem,
        test_dir=tmp_path,
        build_dir=tmp_path / "build",
        plusargs=[f"+memories={tmp_path}"],
        extra_env={"BENCH": str(tmp_path / "bench.npz")},
        log_file=tmp_path / "test.log",
    )
    cases = list(ET.parse(report).iter("testcase"))
    failed = [case.get("name") for case in cases if case.find("failure") is not None]
    assert len(cases) == 5
    assert not failed, (tmp_path / "test.log").read_text()[-2000:]
