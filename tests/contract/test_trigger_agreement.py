"""Devices cut real streams alike; one that errs in a bit is found out."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from eventvision.core import Events, Packet, SensorSize, load_card  # noqa: E402
from eventvision.io import open_writer  # noqa: E402
from eventvision.spiking import nn  # noqa: E402
from eventvision.spiking.convert import export_onnx  # noqa: E402
from eventvision.spiking.integer import save_model  # noqa: E402
from eventvision.spiking.quantise import quantise  # noqa: E402
from eventvision.testing import trigger_agreement  # noqa: E402
from eventvision.training.networks import Trigger, round_weights  # noqa: E402

SENSOR = SensorSize(70, 50)
CARD = """
name = "toy-trigger"
summary = "Random weights."
task = "trigger"
representation = "cells"
slicer = "trigger:rate=200,threshold=0.01,cell=1ms,shortest=1ms"
sensor = "any"
golden = "golden.npz"
licence = "CC0-1.0"
command = "none"
limits = []

[inputs.cell]
shape = [1, 2, "rows", "columns"]

[outputs.current]
shape = [1, 1, "rows/4", "columns/4"]

[states."fire.v"]
shape = [1, 8, "rows/2", "columns/2"]

[states."fire_again.v"]
shape = [1, 16, "rows/4", "columns/4"]

[artifacts]
onnx = "model.onnx"
integer = "model.integer.safetensors"
"""


@pytest.fixture(scope="module")
def trigger(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trigger")
    torch.manual_seed(0)
    net = Trigger()
    round_weights(net)
    cells = (torch.randint(0, 16, (8, 1, 2, 7, 9)) * (torch.rand(8, 1, 2, 7, 9) < 0.3)).float()
    nn.reset(net)
    save_model(quantise(net, [cells]).to_integer(), folder / "model.integer.safetensors")
    nn.reset(net)
    export_onnx(net, folder / "model.onnx", {"cell": cells[0]}, any_size=True)
    (folder / "card.toml").write_text(CARD)
    return load_card(folder)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    paths = []
    for seed in range(2):
        random = np.random.default_rng(seed)
        t_us = np.cumsum(random.exponential(random.choice([3, 40], 4_000))).astype(np.int64)
        x, y = random.integers(0, 70, 4_000), random.integers(0, 50, 4_000)
        events = Events.from_columns(t_us, x, y, random.random(4_000) < 0.5, sensor=SENSOR)
        paths.append(tmp_path_factory.mktemp("recordings") / "stream.aedat4")
        writer = open_writer(paths[-1], SENSOR)
        writer.write(Packet(events))
        writer.close()
    return paths


def test_all_devices_cut_alike(trigger, recordings):
    devices = ["reference", "cpu", "onnx"]
    found = list(trigger_agreement.agreements(trigger, devices, recordings, setting="rate=300"))
    assert [each.device for each in found] == devices[1:]
    assert [(each.first_difference, each.slices > 15) for each in found] == 2 * [(None, True)]


def test_a_device_that_errs_is_found_out(trigger, recordings):
    devices = ["reference", "null"]
    (found,) = trigger_agreement.agreements(trigger, devices, recordings, setting="rate=300")
    assert found.first_difference == 0


def test_no_more_slices_are_cut_than_asked_for(trigger, recordings):
    found = list(trigger_agreement.cuts(trigger, "cpu", recordings, setting="rate=300", most=7))
    assert len(found) == 7


def test_the_command_says_how_devices_agree(trigger, recordings, capsys):
    arguments = [str(trigger.folder), str(recordings[0]), "--devices", "reference,cpu", "--slices"]
    assert trigger_agreement.main([*arguments, "9"]) == 0
    assert "9 slices" in capsys.readouterr().out
    assert trigger_agreement.main(["digits-nano", str(recordings[0]), "--devices", "cpu,null"]) == 2
    assert "is no trigger" in capsys.readouterr().err
