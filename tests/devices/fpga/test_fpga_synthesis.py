"""What Yosys makes of the accelerator for a real part."""

from __future__ import annotations

import json

import numpy as np
import pytest

from eventvision.core import SensorSize
from eventvision.devices.fpga import (
    Accelerator,
    SimulatedLink,
    block_rams_of,
    dsps_of,
    find_compiler,
    find_part,
    find_verilator,
    find_yosys,
    missing_tools,
    plan_for,
    synthesise,
)
from eventvision.devices.fpga._build import TOP, Builder, all_sources
from eventvision.devices.fpga._generate import memory_images
from eventvision.devices.fpga._synthesis import resources_in
from eventvision.spiking.integer import (
    Conv2d,
    Input,
    IntegerModel,
    IntegerSimulator,
    Neuron,
    Output,
)


def test_cells_are_counted_by_kind():
    cells = {"LUT4": 5, "LUT6": 7, "RAM32M": 2, "SRL16E": 3, "FDRE": 11, "FDSE": 1,
             "RAMB36E1": 2, "RAMB18E1": 3, "DSP48E1": 4, "CARRY4": 9, "IBUF": 8}  # fmt: skip
    report = json.dumps({"design": {"num_cells_by_type": cells}})
    assert resources_in(report) == (5 + 7 + 8 + 3, 12, 3.5, 4)


def test_memories_become_block_rams_and_counts_multipliers():
    if find_yosys() is None:
        pytest.skip("Yosys is not installed: apt install yosys")
    model = IntegerModel(
        [
            Input(name="counts", channels=1),
            Conv2d(
                name="conv",
                input="counts",
                weight=np.arange(-9, 9, dtype=np.int8).reshape(2, 1, 3, 3),
                bias=np.zeros(2, np.int32),
                shift=np.zeros(2, np.int8),
            ),
            Neuron(name="fire", input="conv", threshold=np.full(2, 50, np.int16), leak=3),
            Output(name="spikes", input="fire"),
        ]
    )
    plan = plan_for(model, SensorSize(34, 34))
    found = synthesise(plan, find_part("xc7z020"))
    (layer,) = plan.layers
    assert 1 <= found.block_rams <= block_rams_of(layer)
    assert found.dsps == dsps_of(layer) == 2
    assert 300 < found.luts < 3000
    assert 300 < found.flip_flops < 3000


def test_yosys_reads_the_hardware_as_verilator_does(
    spiking_model, spiking_plan, recording, tmp_path
):
    if find_yosys() is None:
        pytest.skip("Yosys is not installed: apt install yosys")
    if missing_tools()[0]:
        pytest.skip(": ".join(missing_tools()))
    sources = all_sources(spiking_plan)
    for name, text in (sources | memory_images(spiking_plan)).items():
        (tmp_path / name).write_text(text)
    commands = [
        f"read_verilog -sv -defer {' '.join(sources)}",
        f"hierarchy -check -top {TOP}",
        "proc; flatten; opt; write_verilog -noattr netlist.v",
    ]
    said = find_yosys().run(["-q", "-p", "; ".join(commands)], tmp_path)
    assert "Warning" not in said
    library = Builder(find_verilator(), find_compiler()).library(
        {"netlist.v": (tmp_path / "netlist.v").read_text()}
    )
    link = SimulatedLink(library, tmp_path, len(spiking_plan.layers))
    digest = int(memory_images(spiking_plan)["digest.hex"], 16)
    accelerator = Accelerator(spiking_model, spiking_plan, digest, link)
    simulator = IntegerSimulator(spiking_model, SensorSize(9, 7))
    for counts in recording(spiking_model, 6):
        expected = simulator.step({"counts": counts})["spikes"]
        np.testing.assert_array_equal(accelerator.step({"counts": counts})["spikes"], expected)
    assert accelerator.state.keys() == simulator.state.keys()
    for node, potential in accelerator.state.items():
        np.testing.assert_array_equal(potential, simulator.state[node], err_msg=node)
    accelerator.close()
