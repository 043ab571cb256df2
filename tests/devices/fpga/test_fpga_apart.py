"""Layers of networks that branch, each co-simulated on an accelerator of its own."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from eventvision.core import SensorSize
from eventvision.devices.fpga import __main__ as command
from eventvision.devices.fpga import check_apart, find_part, layers_apart
from eventvision.spiking.integer import Add, Conv2d, Input, IntegerModel, Neuron, Output

SENSOR = SensorSize(9, 7)


def conv(name, source, before, after, seed):
    draw = np.random.default_rng(seed)
    return Conv2d(
        name=name,
        input=source,
        weight=draw.integers(-40, 70, (after, before, 3, 3)).astype(np.int8),
        bias=draw.integers(-9, 9, after).astype(np.int32),
        shift=np.zeros(after, np.int8),
        padding=(1, 1),
    )


def fire(name, source, channels):
    return Neuron(name=name, input=source, threshold=np.full(channels, 90, np.int16), levels=3)


@pytest.fixture(scope="module")
def branching():
    """A signed input, a shortcut of potentials, and two layers that see spikes."""
    return IntegerModel(
        [
            Input(name="grid", channels=2, dtype="int8"),
            conv("stem", "grid", 2, 3, 1),
            fire("enter", "stem", 3),
            conv("inner", "enter", 3, 3, 2),
            fire("between", "inner", 3),
            conv("narrow", "between", 3, 3, 3),
            Add(name="both", inputs=("stem", "narrow")),
            Output(name="potentials", input="both"),
        ]
    )


@pytest.fixture
def steps():
    draw = np.random.default_rng(5)
    return [{"grid": draw.integers(-2, 6, (2, 7, 9)).astype(np.int8)} for _ in range(6)]


def test_layers_that_see_spikes_stand_alone_with_the_neurons_that_alone_read_them(branching):
    found = [(layer.name, layer.source, layer.tells) for layer in layers_apart(branching, SENSOR)]
    assert found == [("inner", "enter", "between"), ("narrow", "between", "narrow")]


def test_every_layer_gives_what_it_gives_within_the_model(branching, steps, simulate):
    opened = lambda model, plan: simulate(model, plan)[0]  # noqa: E731
    part = find_part("xc7z020")
    checks = list(check_apart(branching, SENSOR, steps, part, simulate=opened))
    assert [(check.layer, check.steps, check.is_same) for check in checks] == [
        ("inner", 6, True),
        ("narrow", 6, True),
    ]
    assert all(check.spikes > 20 and check.cycles > check.spikes for check in checks)


def test_a_layer_that_does_not_fit_is_told(branching, steps):
    tiny = dataclasses.replace(find_part("xc7z020"), dsps=0)
    checks = list(check_apart(branching, SENSOR, steps, tiny))
    assert all("multipliers" in check.misfit for check in checks)


def test_the_command_says_what_is_wrong_with_a_model(capsys):
    assert command.main(["no-such-model"]) == 2
    assert "no such model" in capsys.readouterr().err
