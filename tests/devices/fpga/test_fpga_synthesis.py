"""What Yosys makes of the accelerator for a real part."""

from __future__ import annotations

import json

import numpy as np
import pytest

from eventvision.core import SensorSize
from eventvision.devices.fpga import (
    block_rams_of,
    dsps_of,
    find_part,
    find_yosys,
    plan_for,
    synthesise,
)
from eventvision.devices.fpga._synthesis import resources_in
from eventvision.spiking.integer import Conv2d, Input, IntegerModel, Neuron, Output


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
