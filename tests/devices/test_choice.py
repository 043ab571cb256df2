"""`--device` is read by task, and what cannot be meant is refused."""

from __future__ import annotations

import pytest

from eventvision.core import ConfigError
from eventvision.devices import DeviceChoice, parse_devices


@pytest.mark.parametrize(
    ("text", "detection", "trigger"),
    [
        ("auto", "auto", "auto"),
        ("onnx", "onnx", "onnx"),
        ("detection=onnx,trigger=cpu", "onnx", "cpu"),
        ("cpu, trigger = onnx:cuda", "cpu", "onnx:cuda"),
        ("detection=process:cpu+onnx", "process:cpu+onnx", "auto"),
        ("detection=auto+null", "auto+null", "auto"),
    ],
)
def test_devices_are_read_by_task(text, detection, trigger):
    choice = parse_devices(text)
    assert (choice.device_for("detection"), choice.device_for("trigger")) == (detection, trigger)


def test_without_a_word_every_task_runs_where_it_likes():
    assert DeviceChoice().device_for("detection") == "auto"


@pytest.mark.parametrize(
    "text",
    ["", "abacus", "detection=abacus", "onnx,cpu", "detection=onnx,detection=cpu", "=onnx",
     "detection=", "onnx+", "+onnx", "onnx+abacus", "two words=onnx", "onnx,"],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(text):
    with pytest.raises(ConfigError, match="--device"):
        parse_devices(text)
