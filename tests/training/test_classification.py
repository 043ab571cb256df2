"""Small classifiers: the data they take, how it is changed, and what is learned from it."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from eventvision.core import (
    EVENT_DTYPE,
    ConfigError,
    FormatError,
    SensorSize,
    SourceNotFoundError,
)
from eventvision.training.classification import (
    Augmentation,
    LabelledRecordings,
    Score,
    anti_transposed,
    build_classifier,
    build_rate_twin,
    fit_logistic,
    folds,
    load_recipe,
    load_recordings,
    recording_steps,
    resized,
    score_logistic,
    score_spiking,
    step_counts,
    train_classifier,
)
from eventvision.training.classification.__main__ import main

torch.set_num_threads(1)

SIDE = 12
RECIPE = """
kind = "classifier"
name = "bars-nano"
classes = ["lying", "standing"]
sensor = "12x12"
steps = 5
step_us = 2000
batch = 8

[[stages]]
channels = 4
kernel = 3
pool = 2

[rates]
epochs = 20
learning_rate = 1e-2

[spikes]
epochs = 4
learning_rate = 1e-3

[integers]
epochs = 1
learning_rate = 1e-4

[augmentation]
shift_px = 2
"""


def bars(count: int = 40, seed: int = 0) -> LabelledRecordings:
    """Lying and standing bars of events at random places, with noise."""
    rng = np.random.default_rng(seed)
    parts, labels = [], np.arange(count) % 2
    for label in labels:
        along, across = rng.integers(1, 11, 150), np.full(150, rng.integers(3, 9))
        across += rng.integers(0, 2, 150)
        x, y = (across, along) if label else (along, across)
        noise = rng.integers(0, SIDE, (2, 40))
        part = np.empty(190, EVENT_DTYPE)
        part["x"], part["y"] = np.concatenate([x, noise[0]]), np.concatenate([y, noise[1]])
        part["t"], part["on"] = np.sort(rng.integers(0, 10_000, 190)), rng.random(190) < 0.5
        parts.append(part)
    return LabelledRecordings(
        events=np.concatenate(parts),
        offsets=np.arange(count + 1, dtype=np.int64) * 190,
        labels=labels.astype(np.int64),
        sensor=SensorSize(SIDE, SIDE),
    )


def saved(path: Path, recordings: LabelledRecordings, **changes) -> Path:
    arrays = {name: recordings.events[name] for name in ("t", "x", "y", "on")}
    arrays |= {"offsets": recordings.offsets, "label": recordings.labels}
    arrays |= {"sensor": np.array([SIDE, SIDE])} | changes
    np.savez(path, **{name: value for name, value in arrays.items() if value is not None})
    return path


CARD = """
name = "bars-nano"
summary = "Tells lying bars from standing ones."
task = "classification"
classes = ["lying", "standing"]
representation = "histogram"
sensor = "12x12"
golden = "golden.npz"
licence = "Apache-2.0"
command = "none"
inputs.events = { shape = [1, 2, 12, 12] }
outputs.output = { shape = [1, 2] }
artifacts = { safetensors = "model.safetensors", integer = "model.integer.safetensors" }
"""


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE)
    return load_recipe(path)


def test_a_collection_survives_the_file(tmp_path):
    recordings = bars(4)
    found = load_recordings(saved(tmp_path / "bars.npz", recordings))
    for field in dataclasses.fields(LabelledRecordings):
        np.testing.assert_array_equal(getattr(found, field.name), getattr(recordings, field.name))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"label": None}, "has no label"),
        ({"x": np.zeros(3)}, "x is not as long as t"),
        ({"offsets": np.array([0, 5])}, "do not divide"),
        ({"label": np.array([-1, 0, 1, 0])}, "not classes from 0"),
        ({"sensor": np.array([5, 5])}, "events outside 5x5"),
    ],
)
def test_a_collection_that_makes_no_sense_is_refused(tmp_path, changes, said):
    with pytest.raises(FormatError, match=said):
        load_recordings(saved(tmp_path / "bars.npz", bars(4), **changes))


def test_a_file_that_is_missing_or_no_archive_is_refused(tmp_path):
    with pytest.raises(SourceNotFoundError, match="no such file"):
        load_recordings(tmp_path / "bars.npz")
    (tmp_path / "bars.npz").write_bytes(b"bars")
    with pytest.raises(FormatError, match="is no collection"):
        load_recordings(tmp_path / "bars.npz")


def test_a_folder_of_classes_holds_recordings_of_any_format(tmp_path):
    recordings = bars(4)
    for number, (label, name) in enumerate(zip(recordings.labels, "abcd", strict=True)):
        folder = tmp_path / ("lying" if label == 0 else "standing")
        folder.mkdir(exist_ok=True)
        part = recordings.select(np.array([number]))
        sensor = np.array([SIDE, SIDE])
        columns = {key: part.events[key] for key in ("t", "x", "y", "on")}
        np.savez(folder / f"{name}.npz", **columns, sensor=sensor)
    found = load_recordings(tmp_path)
    assert found.labels.tolist() == [0, 0, 1, 1]
    assert found.sensor == SensorSize(SIDE, SIDE)
    ordered = recordings.select(np.array([0, 2, 1, 3]))
    np.testing.assert_array_equal(found.events["x"], ordered.events["x"])
    for start in found.offsets[:-1]:
        assert found.events["t"][start] == 0


def test_a_folder_without_recordings_is_refused(tmp_path):
    with pytest.raises(FormatError, match="make one for each class"):
        load_recordings(tmp_path)


def test_an_anti_transposition_mirrors_at_the_other_diagonal_and_undoes_itself():
    recordings = bars(3)
    turned = anti_transposed(recordings)
    before = step_counts(recordings, steps=1, step_us=10_000).numpy()
    after = step_counts(turned, steps=1, step_us=10_000).numpy()
    np.testing.assert_array_equal(after, before[..., ::-1, ::-1].swapaxes(-1, -2))
    np.testing.assert_array_equal(anti_transposed(turned).events, recordings.events)


def test_recordings_of_a_larger_sensor_are_shrunk_about_their_middle():
    events = np.zeros(4, EVENT_DTYPE)
    events["x"], events["y"] = [60, 64, 68, 127], [30, 30, 34, 30]
    given = LabelledRecordings(
        events=events,
        offsets=np.array([0, 3, 3, 4]),
        labels=np.array([0, 1, 0]),
        sensor=SensorSize(128, 128),
    )
    found = resized(given, SensorSize(4, 4), shrink=4)
    assert found.events["x"].tolist() == [1, 2, 3, 2]
    assert found.events["y"].tolist() == [2, 2, 3, 2]
    assert found.offsets.tolist() == [0, 3, 3, 4]
    few = resized(given, SensorSize(2, 2), shrink=2)
    assert few.offsets.tolist() == [0, 1, 1, 2]
    with pytest.raises(ValueError, match="must be positive"):
        resized(given, SensorSize(4, 4), shrink=0)


def test_recordings_are_selected_in_the_order_asked_for():
    recordings = bars(4)
    some = recordings.select(np.array([2, 0, 2]))
    assert some.labels.tolist() == [0, 0, 0]
    np.testing.assert_array_equal(some.events[:190], recordings.events[380:570])
    np.testing.assert_array_equal(some.events[190:380], recordings.events[:190])
    np.testing.assert_array_equal(some.events[380:], recordings.events[380:570])


def test_events_are_counted_where_and_when_they_are():
    recordings = bars(3)
    counts = step_counts(recordings, steps=5, step_us=2000).numpy()
    expected = np.zeros((5, 3, 2, SIDE, SIDE))
    for i in range(3):
        for event in recordings.events[i * 190 : (i + 1) * 190]:
            expected[event["t"] // 2000, i, int(event["on"]), event["y"], event["x"]] += 1
    np.testing.assert_array_equal(counts, expected)
    assert step_counts(recordings, steps=2, step_us=2000).sum() == expected[:2].sum()


def test_no_augmentation_changes_nothing():
    recordings = bars(5)
    same = Augmentation().apply(recordings, np.random.default_rng(0))
    np.testing.assert_array_equal(same.events, recordings.events)
    np.testing.assert_array_equal(same.offsets, recordings.offsets)


@pytest.mark.parametrize(
    "change",
    [
        {"rotation_deg": 40}, {"zoom": 0.4}, {"aspect": 0.3}, {"shear": 0.4}, {"shift_px": 3},
        {"elastic_px": 1.5}, {"drop": 0.5}, {"stretch": 0.3},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_every_augmentation_changes_recordings_each_in_its_own_way(change):
    recordings = bars(1).select(np.array([0, 0]))
    augmentation = Augmentation(**change)
    changed = augmentation.apply(recordings, np.random.default_rng(1))
    again = augmentation.apply(recordings, np.random.default_rng(1))
    np.testing.assert_array_equal(changed.events, again.events)
    first, second = changed.select(np.array([0])), changed.select(np.array([1]))
    assert first.events.tobytes() != second.events.tobytes()
    assert first.events.tobytes() != recordings.events[:190].tobytes()
    assert (changed.events["x"] < SIDE).all()
    assert (changed.events["y"] < SIDE).all()


def test_a_shift_moves_all_events_alike():
    recordings = bars(1)
    middle = (recordings.events["x"] > 3) & (recordings.events["x"] < 8)
    middle &= (recordings.events["y"] > 3) & (recordings.events["y"] < 8)
    few = dataclasses.replace(
        recordings,
        events=recordings.events[middle],
        offsets=np.array([0, middle.sum()]),
    )
    moved = Augmentation(shift_px=3).apply(few, np.random.default_rng(3)).events
    shifts = {
        (int(new["x"]) - int(old["x"]), int(new["y"]) - int(old["y"]))
        for new, old in zip(moved, few.events, strict=True)
    }
    assert len(shifts) == 1
    assert shifts != {(0, 0)}


@pytest.mark.parametrize(
    ("change", "said"), [({"drop": 1.0}, "below 1"), ({"zoom": -0.1}, "must not be negative")]
)
def test_an_augmentation_that_makes_no_sense_is_refused(change, said):
    with pytest.raises(ValueError, match=said):
        Augmentation(**change)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("steps = 5", "steps = 0", "steps: 0 cannot be used"),
        ("steps = 5", "step = 5", "step"),
        ('"12x12"', '"12"', "sensor size must look like"),
        ("shift_px = 2", "shift = 2", "unknown: shift; known: .*shift_px"),
        ("shift_px = 2", "shift_px = -2", "must not be negative"),
        ('"classifier"', '"detector"', "kind"),
        ("kernel = 3", "kernel = 31", "stages.0.kernel"),
        ("steps = 5", "steps = ", "a TOML file that can be read"),
    ],
)
def test_a_wrong_recipe_names_the_setting(tmp_path, old, new, said):
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE.replace(old, new))
    with pytest.raises(ConfigError, match=said):
        load_recipe(path)


def test_a_classifier_has_no_biases_and_its_twin_the_same_layers(recipe):
    net, twin = build_classifier(recipe), build_rate_twin(recipe)
    assert [n for n, _ in net.named_parameters()] == [n for n, _ in twin.named_parameters()]
    assert not any(name.endswith("bias") for name, _ in net.named_parameters())
    assert net(torch.ones(5, 3, 2, SIDE, SIDE)).shape == (5, 3, 2)


def test_training_is_better_than_chance_and_the_same_every_time(recipe):
    seen = []
    first = train_classifier(recipe, bars(), watch=seen.append)
    again = train_classifier(recipe, bars())
    unknown = bars(seed=1)
    assert score_spiking(first.net, recipe, unknown).accuracy > 0.85
    for a, b in zip(first.net.parameters(), again.net.parameters(), strict=True):
        assert torch.equal(a, b)
    assert [p.phase for p in seen] == ["rates"] * 20 + ["spikes"] * 4 + ["integers"]
    for weight in first.net.parameters():
        assert torch.equal(weight * 4096, (weight * 4096).round())
    output = first.net(recording_steps(recipe, unknown))
    assert torch.equal(output, output.round())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sensor": SensorSize(13, 12)}, "for 12x12, the data has 13x12"),
        ({"labels": np.full(40, 2)}, "has 2 classes, the data class 2"),
    ],
)
def test_data_that_does_not_fit_the_recipe_is_refused(recipe, change, said):
    with pytest.raises(ValueError, match=said):
        train_classifier(recipe, dataclasses.replace(bars(), **change))


def test_folds_test_every_recording_once_and_never_one_that_was_learned_from():
    tested = []
    for learn, test in folds(23, 4, seed=0):
        assert not set(learn) & set(test)
        assert len(learn) + len(test) == 23
        tested += test.tolist()
    assert sorted(tested) == list(range(23))
    with pytest.raises(ValueError, match="parts must be 2 to 3"):
        list(folds(3, 4, seed=0))


@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (380, 400, 0.9240, 0.9674)],
)
def test_the_interval_is_that_of_wilson(right, total, low, high):
    assert Score(right, total).interval == pytest.approx((low, high), abs=1e-3)
    assert (Score(right, total) + Score(1, 2)).total == total + 2


def test_logistic_regression_reaches_its_minimum():
    torch.manual_seed(0)
    x, labels = torch.randn(60, 5), torch.arange(60) % 3
    model = fit_logistic(x, labels, 3, penalty=0.1)
    weight = model.weight.clone().requires_grad_()
    logits = x / model.scale @ weight + model.bias
    loss = torch.nn.functional.cross_entropy(logits, labels) + 0.05 * weight.square().sum()
    loss.backward()
    assert weight.grad.abs().max() < 1e-3
    assert loss < torch.log(torch.tensor(3.0))


def test_logistic_regression_tells_bars_of_one_place_apart(recipe):
    assert score_logistic(recipe, bars(), bars(seed=1)).total == 40


def test_the_command_writes_a_model_and_scores_a_recipe(tmp_path, capsys):
    model = tmp_path / "bars-nano"
    model.mkdir()
    (model / "recipe.toml").write_text(RECIPE.replace("epochs = 20", "epochs = 2"))
    data, recipe = str(saved(tmp_path / "bars.npz", bars())), str(model / "recipe.toml")
    assert main(["train", recipe, data, str(model), "--leave-out", "1"]) == 0
    assert "on what was left out" in capsys.readouterr().out
    written = {path.name for path in model.iterdir()}
    assert written >= {"model.safetensors", "model.onnx", "model.nir", "golden.npz"}
    assert main(["score", recipe, data, "--folds", "2"]) == 0
    assert "converted" in capsys.readouterr().out.splitlines()[-1]
    (model / "card.toml").write_text(CARD)
    assert main(["test", str(model), data, "--shrink", "1", "--adapt", "--folds", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["spiking", "integer", "adapted", "logistic"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["score", "RECIPE", "none.npz"], "no such file"),
        (["train", "RECIPE", "DATA", "out", "--leave-out", "9"], "must be 0 to 7"),
        (["test", "nothing", "DATA"], "no such model"),
    ],
)
def test_a_command_that_cannot_work_says_why_in_one_line(tmp_path, capsys, arguments, said):
    (tmp_path / "recipe.toml").write_text(RECIPE)
    known = {"RECIPE": tmp_path / "recipe.toml", "DATA": saved(tmp_path / "bars.npz", bars())}
    assert main([str(known.get(argument, argument)) for argument in arguments]) == 2
    text = capsys.readouterr().err
    assert said in text
    assert text.count("\n") == 1


def test_the_module_explains_itself():
    command = [sys.executable, "-m", "eventvision.training.classification", "--help"]
    outcome = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "train" in outcome.stdout
