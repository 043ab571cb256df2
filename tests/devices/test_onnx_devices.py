"""ONNX models with free sizes and state, on ONNX Runtime and in numpy."""

from __future__ import annotations

import dataclasses
import sys

import numpy as np
import pytest

pytest.importorskip("onnx")

from fading_model import STATE, expected, write_model

from eventvision.core import ConfigError, DeviceError, ModelError, load_golden
from eventvision.devices import find_device, open_session
from eventvision.testing.device_contract import RULES, broken_rules

DEVICES = ["onnx", "reference"]


def stream(height, width, steps=3):
    return np.random.default_rng(1).poisson(0.5, (steps, 1, 1, height, width)).astype(np.float32)


def run(session, events):
    return np.stack([session.step({"events": each})["image"] for each in events])


@pytest.mark.parametrize("device", DEVICES)
def test_the_first_step_settles_the_sizes(tmp_path, device):
    card, events = write_model(tmp_path / "fading"), stream(12, 20)
    with open_session(card, device) as session:
        assert session.sizes == {}
        np.testing.assert_allclose(run(session, events), expected(events), atol=1e-6)
        assert session.sizes == {"height": 12, "width": 20}
        with pytest.raises(ConfigError, match="input events"):
            session.step({"events": stream(14, 20)[0]})


@pytest.mark.parametrize("device", DEVICES)
def test_sizes_may_be_given_at_once(tmp_path, device):
    card, events = write_model(tmp_path / "fading"), stream(4, 6)
    with open_session(card, device, sizes={"height": 4, "width": 6}) as session:
        np.testing.assert_allclose(run(session, events), expected(events), atol=1e-6)


@pytest.mark.parametrize("device", [*DEVICES, "cuda"])
def test_the_contract_holds_for_models_of_any_size(tmp_path, device):
    if device == "cuda" and not find_device(device).probe().is_present:
        pytest.skip("no CUDA device")
    card = write_model(tmp_path / "fading")
    assert load_golden(card).steps == 4
    assert broken_rules(RULES, device, card) == ()


def test_a_state_that_the_card_does_not_tell_is_sized_by_the_graph(tmp_path):
    card = write_model(tmp_path / "fading", state="", height=4, width=6)
    events = stream(4, 6)
    with open_session(card, "onnx", sizes={"height": 4, "width": 6}) as session:
        np.testing.assert_allclose(run(session, events), expected(events), atol=1e-6)


SIZES = {"height": 4, "width": 6}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"state": ""}, "state its size in the card"),
        ({"state_name": "other"}, "export the model again"),
        ({"state": STATE.replace("height/2", "depth/2")}, "depth"),
    ],
)
def test_a_card_that_does_not_go_with_its_graph_is_told(tmp_path, changes, told):
    card = write_model(tmp_path / "fading", **changes)
    with pytest.raises(ModelError, match=told):
        open_session(card, "onnx", sizes=SIZES)


def test_without_the_runtime_it_says_how_to_get_it(tmp_path, monkeypatch):
    card = write_model(tmp_path / "fading")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.setattr("eventvision.devices._onnx.find_spec", lambda name: None)
    assert find_device("onnx").probe().missing == "onnxruntime is not installed"
    with pytest.raises(DeviceError, match="install onnxruntime"):
        open_session(card, "onnx")


def test_an_unknown_provider_is_answered_with_those_there_are():
    with pytest.raises(DeviceError, match=r"onnx:abacus.*onnx:openvino"):
        find_device("onnx:abacus")


def test_a_damaged_graph_is_no_reason_to_take_another_device(tmp_path):
    card = write_model(tmp_path / "fading")
    (tmp_path / "fading" / "model.onnx").write_bytes(b"no graph")
    with pytest.raises(ModelError, match=r"model.onnx is damaged"):
        open_session(card, "auto", sizes=SIZES)


def test_auto_tells_why_no_device_will_do(tmp_path):
    card = dataclasses.replace(write_model(tmp_path / "fading"), artifacts={"nir": "model.nir"})
    with pytest.raises(DeviceError, match=r"onnx: .*takes onnx.*cpu: .*takes integer"):
        open_session(card, "auto", sizes=SIZES)


def test_a_session_leaves_the_arithmetic_of_the_process_alone():
    tiny = np.array([1], np.int32).view(np.float32)
    with open_session("digits-nano", "onnx") as session:
        session.step({"events": np.zeros((1, 2, 34, 34), np.float32)})
        assert (tiny * np.float32(1)).view(np.int32)[0] == 1
