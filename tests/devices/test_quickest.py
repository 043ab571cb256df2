"""The default device of a model is the one that was faster here, and that is kept."""

from __future__ import annotations

import json

import numpy as np
import pytest

from eventvision.core import CACHE_VARIABLE, SessionOptions, load_card
from eventvision.devices import _quickest as quickest
from eventvision.devices import choose_device, open_session

CARD = load_card("digits-nano")
OPTIONS = SessionOptions()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    return tmp_path


@pytest.fixture
def measured(monkeypatch):
    """Return a function that sets what devices take, and the list of what was measured."""
    calls = []

    def takes(**step_ms):
        def measure(card, names, options):
            calls.append((card.name, tuple(names), options.threads))
            return {name: step_ms[name] for name in names}

        monkeypatch.setattr(quickest, "_measured", measure)
        return calls

    return takes


@pytest.mark.parametrize(
    ("onnx_ms", "cpu_ms", "chosen"),
    [(1.0, 0.5, "cpu"), (1.0, 0.95, "onnx"), (1.0, 2.0, "onnx")],
)
def test_the_faster_one_is_taken_if_it_is_clearly_so(measured, onnx_ms, cpu_ms, chosen):
    measured(onnx=onnx_ms, cpu=cpu_ms)
    assert choose_device(CARD, OPTIONS) == chosen


def test_it_is_measured_once_for_each_model_size_and_number_of_threads(measured):
    calls = measured(onnx=2.0, cpu=1.0)
    for threads in (1, 1, 2, 1):
        assert choose_device(CARD, SessionOptions(threads=threads)) == "cpu"
    assert [threads for *_, threads in calls] == [1, 2]


@pytest.mark.parametrize("content", ["", "[]", '{"a": 3}', '{"a": {"onnx": "x"}}', "\xff"])
def test_a_damaged_memory_is_measured_again(measured, cache, content):
    measured(onnx=2.0, cpu=1.0)
    (cache / quickest.KEPT).write_text(content, encoding="latin-1")
    assert choose_device(CARD, OPTIONS) == "cpu"
    assert len(json.loads((cache / quickest.KEPT).read_text())) == 1


def test_where_nothing_can_be_kept_it_is_measured_each_time(measured, cache, monkeypatch):
    calls = measured(onnx=2.0, cpu=1.0)
    (cache / "file").write_text("")
    monkeypatch.setenv(CACHE_VARIABLE, str(cache / "file" / "below"))
    assert [choose_device(CARD, OPTIONS) for _ in range(2)] == ["cpu", "cpu"]
    assert len(calls) == 2


def test_without_known_sizes_or_a_golden_sample_the_first_one_is_taken(toy_models, measured):
    card = load_card(toy_models.perception)
    calls = measured(onnx=2.0, cpu=1.0)
    assert choose_device(card, OPTIONS) == "onnx"
    assert not calls


def test_both_devices_really_run(monkeypatch):
    found = quickest.step_times(CARD, ("onnx", "cpu"), OPTIONS)
    assert set(found) == {"onnx", "cpu"}
    assert all(0 < ms < 1e6 for ms in found.values())
    with open_session(CARD) as session:
        assert session.device in found


def test_inputs_fill_the_sizes_with_what_the_golden_sample_holds():
    values = np.arange(6, dtype=np.float32).reshape(1, 2, 3)
    found = quickest._filled(values, (1, 3, 5))
    np.testing.assert_array_equal(found[0], [[0, 1, 2, 0, 1], [3, 4, 5, 3, 4], [0, 1, 2, 0, 1]])
