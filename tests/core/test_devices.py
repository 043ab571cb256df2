"""What devices say about themselves and about models makes sense, or is refused."""

from __future__ import annotations

import pytest

from eventvision.core import DeviceInfo, Fit, SessionOptions


def test_a_device_is_present_unless_something_is_missing():
    here = DeviceInfo(name="board", summary="a board", formats=("integer",))
    gone = DeviceInfo(name="board", summary="a board", formats=(), missing="it", remedy="find it")
    assert (here.is_present, gone.is_present) == (True, False)


@pytest.mark.parametrize(
    ("fit", "told"),
    [
        (Fit(artifact="onnx"), "yes, as onnx"),
        (Fit(reason="too large"), "no, too large"),
        (Fit(layer="conv2", reason="too large"), "no, layer conv2: too large"),
        (Fit(reason="two\nlines"), "no, two\\nlines"),
    ],
)
def test_a_fit_reads_as_a_sentence(fit, told):
    assert str(fit) == told
    assert fit.is_yes is told.startswith("yes")


@pytest.mark.parametrize("settings", [{}, {"artifact": "onnx", "reason": "too large"}])
def test_a_fit_is_either_yes_or_no(settings):
    with pytest.raises(ValueError, match="either"):
        Fit(**settings)


@pytest.mark.parametrize(
    "settings",
    [{"threads": 0}, {"threads": 65}, {"sizes": {"height": 0}}, {"step_timeout_s": 0.0},
     {"start_timeout_s": -1.0}, {"step_timeout_s": float("nan")}],
)  # fmt: skip
def test_options_without_sense_are_refused(settings):
    (name,) = settings
    with pytest.raises(ValueError, match="height" if name == "sizes" else name):
        SessionOptions(**settings)
