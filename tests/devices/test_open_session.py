"""A model is opened by the name of a device, and runs as its golden sample says."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import ConfigError, DeviceError, load_card, load_golden
from eventvision.devices import device_names, open_session, probe_devices

CARD = load_card("digits-nano")
GOLDEN = load_golden(CARD)
EVENTS = GOLDEN.inputs["events"]


def run(session):
    return np.stack([session.step({"events": step})["output"] for step in EVENTS])


@pytest.mark.parametrize(
    ("device", "artifact"), [("onnx", "onnx"), ("cpu", "integer"), ("reference", "integer")]
)
def test_devices_give_the_golden_output_again_after_a_reset(device, artifact):
    with open_session(CARD, device) as session:
        assert session.artifact == artifact
        for _ in range(2):
            session.reset()
            tolerance = CARD.tolerance[artifact]
            expected = GOLDEN.expected(artifact)["output"]
            np.testing.assert_allclose(run(session), expected, atol=tolerance, rtol=0)


def test_state_is_kept_from_step_to_step():
    with open_session(CARD, "onnx") as session:
        first, again = run(session), run(session)
    assert not np.array_equal(first, again)


def test_the_null_device_answers_zeros_in_the_shapes_of_the_card():
    with open_session(CARD, "null") as session:
        assert run(session).shape == (len(EVENTS), 1, 10)
        assert not run(session).any()


def test_outputs_belong_to_the_caller():
    with open_session(CARD, "onnx") as session:
        first = session.step({"events": EVENTS[0]})["output"]
        kept = first.copy()
        for step in EVENTS:
            session.step({"events": step})
        np.testing.assert_array_equal(first, kept)


def test_auto_takes_a_device_that_is_here():
    assert open_session(CARD).device in {"onnx", "cpu"}


def test_a_shipped_model_is_known_by_its_name():
    assert open_session("digits-nano", "null").card.name == "digits-nano"


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ({}, "events"),
        ({"picture": EVENTS[0]}, "picture"),
        ({"events": EVENTS[0][0]}, "(2, 34, 34)"),
        ({"events": EVENTS[0][..., :33]}, "(1, 2, 34, 33)"),
        ({"events": EVENTS[0].astype(complex)}, "complex"),
    ],
)
def test_inputs_that_are_not_those_of_the_card_are_refused(inputs, told):
    with open_session(CARD, "null") as session, pytest.raises(ConfigError) as caught:
        session.step(inputs)
    assert told in str(caught.value)


def test_a_closed_session_says_so():
    session = open_session(CARD, "null")
    session.close()
    session.close()
    with pytest.raises(DeviceError, match="closed"):
        session.step({"events": EVENTS[0]})


def test_an_unknown_device_is_answered_with_those_there_are():
    with pytest.raises(ConfigError, match=r"abacus.*reference"):
        open_session(CARD, "abacus")


def test_an_argument_that_a_device_does_not_take_is_refused():
    with pytest.raises(DeviceError, match="null:fast"):
        open_session(CARD, "null:fast")


def test_sizes_that_are_not_free_are_refused():
    with pytest.raises(ConfigError, match="height"):
        open_session(CARD, "null", sizes={"height": 34})


def test_every_device_is_listed_and_asked():
    assert {"onnx", "cpu", "reference", "null"} <= set(device_names())
    assert [info.name for info in probe_devices()] == list(device_names())
