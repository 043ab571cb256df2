"""Model cards say what a model is; a wrong card is refused with the field and the remedy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from eventvision.core import (
    GoldenSample,
    ModelError,
    SensorSize,
    TensorSpec,
    load_card,
    load_golden,
    save_golden,
    shipped_models,
)

CARD = """
name = "toy-nano"
summary = "Tells left from right."
task = "classification"
classes = ["left", "right"]
representation = "histogram"
slicer = "time:20ms"
sensor = "34x34"
golden = "golden.npz"
licence = "Apache-2.0"
command = "make toy"
limits = ["It knows two classes."]

[inputs.events]
shape = [1, 2, "height", "width"]

[outputs.spikes]
shape = [1, 2]
dtype = "int8"

[states.readout]
shape = [1, 2]

[artifacts]
onnx = "model.onnx"

[tolerance]
onnx = 1e-5

[[metrics]]
name = "accuracy"
value = 0.9
low = 0.8
high = 1
artifact = "onnx"
data = "toys"
command = "make score"

[[data]]
name = "toys"
licence = "CC0-1.0"
origin = "made up"
"""


def folder_with(tmp_path: Path, text: str = CARD) -> Path:
    folder = tmp_path / "toy-nano"
    folder.mkdir()
    (folder / "card.toml").write_text(text, encoding="utf-8")
    return folder


def test_a_card_is_read_with_its_types(tmp_path):
    card = load_card(folder_with(tmp_path))
    assert (card.name, card.task, card.classes) == ("toy-nano", "classification", ("left", "right"))
    assert card.sensor == SensorSize(34, 34)
    assert card.inputs["events"] == TensorSpec((1, 2, "height", "width"), np.dtype(np.float32))
    assert card.outputs["spikes"].dtype == np.int8
    assert list(card.states) == ["readout"]
    assert card.tolerance == {"onnx": 1e-5}
    assert (card.metrics[0].low, card.metrics[0].high) == (0.8, 1.0)
    assert card.data[0].licence == "CC0-1.0"


def test_a_card_needs_no_states_metrics_or_limits(tmp_path):
    short = CARD[: CARD.index("[[metrics]]")].replace("[states.readout]\nshape = [1, 2]\n", "")
    card = load_card(folder_with(tmp_path, short.replace('limits = ["It knows two classes."]', "")))
    assert (dict(card.states), card.metrics, card.data, card.limits) == ({}, (), (), ())


def test_a_model_may_take_any_sensor(tmp_path):
    assert load_card(folder_with(tmp_path, CARD.replace("34x34", "any"))).sensor is None


def test_free_sizes_are_filled_in():
    spec = TensorSpec((1, 2, "height", "width"), np.dtype(np.float32))
    assert spec.shape_for({"height": 260, "width": 346}) == (1, 2, 260, 346)
    with pytest.raises(ValueError, match="needs a size for width"):
        spec.shape_for({"height": 260})


@pytest.mark.parametrize(
    ("size", "found"),
    [
        (3, 3),
        ("height", 288),
        ("height/4", 72),
        ("height/32/2", 5),
        ("21*height*width/1024", 2079),
        ("width/height", 2),
    ],
)
def test_sizes_may_follow_from_those_of_the_inputs_and_are_rounded_up(tmp_path, size, found):
    text = CARD.replace("[states.readout]\nshape = [1, 2]", f"[states.readout]\nshape = [{size!r}]")
    spec = load_card(folder_with(tmp_path, text)).states["readout"]
    assert spec.shape_for({"height": 288, "width": 352}) == (found,)


def test_a_size_made_of_unknown_names_says_which(tmp_path):
    spec = TensorSpec(("height*width/4",), np.dtype(np.float32))
    with pytest.raises(ValueError, match="needs a size for width"):
        spec.shape_for({"height": 260})


def test_a_card_says_to_which_multiple_inputs_are_filled_up(tmp_path):
    text = CARD.replace('sensor = "34x34"', 'sensor = "34x34"\nmultiple = 32')
    assert load_card(folder_with(tmp_path, text)).multiple == 32


def test_outputs_may_have_classes_of_their_own(tmp_path):
    text = CARD.replace('dtype = "int8"', 'classes = ["sky", "road"]')
    assert load_card(folder_with(tmp_path, text)).classes_of("spikes") == ("sky", "road")
    (tmp_path / "plain").mkdir()
    assert load_card(folder_with(tmp_path / "plain")).classes_of("spikes") == ("left", "right")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "toy-nano"', "", "name is missing"),
        ('"toy-nano"', '"../toy"', "name: a name has small letters"),
        ('summary = "Tells left from right."', "summary = 3", "summary must be a text, not 3"),
        ('["left", "right"]', '["left", 2]', r"classes\[1\] must be a text, not 2"),
        ('"34x34"', '"34 by 34"', "sensor: sensor size must look like 346x260"),
        ('[1, 2, "height", "width"]', '[1, 0, "height"]', "shape of events has 0"),
        ('[1, 2, "height", "width"]', '["height/2"]', "a free size of an input is a name"),
        ("shape = [1, 2]\ndtype", 'shape = ["height-1"]\ndtype', "or such as height/4"),
        ("shape = [1, 2]\ndtype", 'shape = ["height//2"]\ndtype', "or such as height/4"),
        ("shape = [1, 2]\ndtype", 'shape = ["height/0"]\ndtype', "or such as height/4"),
        ('sensor = "34x34"', 'sensor = "34x34"\nmultiple = 0', "multiple must be 1 to 1024"),
        ('dtype = "int8"', 'dtype = "object"', "outputs.spikes.dtype: a dtype looks like"),
        ('dtype = "int8"', "unit = 1", "outputs.spikes.unit is not a known field"),
        ('onnx = "model.onnx"', 'tflite = "m"', "artifacts.tflite is not a known field"),
        ('onnx = "model.onnx"', 'onnx = "../m"', "artifacts.onnx: a file lies in the folder"),
        ('"golden.npz"', '"/golden.npz"', "golden: a file lies in the folder"),
        ('onnx = "model.onnx"', "", "artifacts is missing or empty"),
        ("value = 0.9", "value = nan", "low <= value <= high does not hold"),
        ("value = 0.9", 'value = "high"', r"metrics\[0\].value must be a number"),
        ('licence = "CC0-1.0"', "", r"data\[0\].licence is missing"),
        ("[tolerance]", "tolerance = 1\n[spare]", "tolerance|spare"),
    ],
)
def test_a_wrong_card_is_refused_with_the_field_and_the_remedy(tmp_path, old, new, said):
    assert old in CARD
    folder = folder_with(tmp_path, CARD.replace(old, new))
    with pytest.raises(ModelError, match=said) as error:
        load_card(folder)
    assert str(folder / "card.toml") in str(error.value)
    assert error.value.remedy == "see docs/models.md"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"name = ", "is not TOML"),
        (b"\xff\xfe", "is not TOML"),
        (b"#" * (2 << 20), "longer than"),
        (b"a = " + b"[" * 100_000, "is not TOML"),
    ],
)
def test_a_damaged_card_gives_one_line(tmp_path, content, said):
    folder = folder_with(tmp_path)
    (folder / "card.toml").write_bytes(content)
    with pytest.raises(ModelError, match=said) as error:
        load_card(folder)
    assert "\n" not in str(error.value)


def test_a_folder_without_a_card_is_refused(tmp_path):
    with pytest.raises(ModelError, match="name a folder that holds a card"):
        load_card(tmp_path)


def test_an_unknown_name_lists_what_there_is():
    with pytest.raises(
        ModelError, match=r"no such model; shipped: .*write \./nothing for a folder"
    ):
        load_card("nothing")


@pytest.mark.parametrize("name", shipped_models())
def test_a_shipped_model_lies_in_a_folder_of_its_name_with_all_its_files(name):
    card = load_card(name)
    assert card.name == name
    for artifact in card.artifacts:
        assert card.artifact(artifact).stat().st_size > 0
    assert load_golden(card).steps > 0


def test_a_missing_artifact_is_named(tmp_path):
    card = load_card(folder_with(tmp_path))
    with pytest.raises(ModelError, match="has no nir artifact; choose from: onnx"):
        card.artifact("nir")
    with pytest.raises(ModelError, match=r"model\.onnx is missing"):
        card.artifact("onnx")


def golden(steps: int = 3, output: str = "spikes") -> GoldenSample:
    return GoldenSample(
        inputs={"events": np.arange(steps * 2, dtype=np.float32).reshape(steps, 2)},
        outputs={output: np.full((3, 2), 0.5, np.float32)},
        integer_outputs={output: np.ones((3, 2), np.int16)},
    )


def test_a_golden_sample_survives_the_file(tmp_path):
    card = load_card(folder_with(tmp_path))
    save_golden(card.folder / "golden.npz", golden())
    sample = load_golden(card)
    assert sample.steps == 3
    np.testing.assert_array_equal(sample.inputs["events"], golden().inputs["events"])
    assert sample.expected("onnx")["spikes"].dtype == np.float32
    assert sample.expected("integer")["spikes"].dtype == np.int16


@pytest.mark.parametrize(
    ("sample", "said"),
    [
        (golden(steps=4), "not of equal length"),
        (golden(output="boxes"), r"has the outputs \['boxes'\], the card says \['spikes'\]"),
    ],
)
def test_a_golden_sample_of_another_model_is_refused(tmp_path, sample, said):
    card = load_card(folder_with(tmp_path))
    save_golden(card.folder / "golden.npz", sample)
    with pytest.raises(ModelError, match=said):
        load_golden(card)


def test_a_damaged_golden_sample_is_refused(tmp_path):
    card = load_card(folder_with(tmp_path))
    (card.folder / "golden.npz").write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(ModelError, match="is damaged"):
        load_golden(card)
