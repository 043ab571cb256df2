"""Training on scenes: the same from one go or from several, for both kinds of network."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file, save_file  # noqa: E402

from eventvision.core import ConfigError, ModelError, load_card, load_golden  # noqa: E402
from eventvision.devices import golden_outputs, open_session  # noqa: E402
from eventvision.training import NO_OBJECT, SequenceGenerator, SequenceSettings  # noqa: E402
from eventvision.training.run import train_recipe  # noqa: E402
from eventvision.training.scenes import (  # noqa: E402
    ClipSettings,
    SceneRecipe,
    Schedule,
    SequencePool,
    begin_with,
    build_network,
    load_scene_recipe,
    load_weights,
    train_scenes,
)
from eventvision.training.scenes._pool import changed, mirrored, turned  # noqa: E402

CLIPS = ClipSettings(height=96, width=96, slices=7, chunk=3, batch=2, fresh=2, reuse=2, world=0.5)


def recipe(kind: str, batches: int = 4, **more: object) -> SceneRecipe:
    schedule = Schedule(batches=batches, warmup=1, validate_every=2, validation_batches=1, decay=0)
    return SceneRecipe(kind=kind, name="tiny", size="tiny", clips=CLIPS, schedule=schedule, **more)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("kind", ["reconstruction", "perception"])
def test_a_stopped_training_goes_on_as_if_it_had_not_stopped(kind, tmp_path):
    train_scenes(recipe(kind), tmp_path / "whole")
    train_scenes(recipe(kind, batches=2), tmp_path / "parts")
    seen = []
    train_scenes(recipe(kind), tmp_path / "parts", watch=lambda now, *_: seen.append(now.batch))
    assert seen == [4]
    whole, parts = (
        load_file(tmp_path / run / "checkpoint.safetensors") for run in ("whole", "parts")
    )
    assert whole.keys() == parts.keys()
    for name, value in whole.items():
        torch.testing.assert_close(parts[name], value, atol=0, rtol=0, msg=name)


def test_the_best_weights_are_those_of_the_average(tmp_path):
    best = train_scenes(recipe("reconstruction", batches=2), tmp_path)
    network = build_network(recipe("reconstruction"))
    load_weights(network, best)
    average = load_file(tmp_path / "checkpoint.safetensors")["average/head.weight"]
    torch.testing.assert_close(network.head.weight.detach(), average)


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    train_scenes(recipe("reconstruction", batches=2), tmp_path)
    with pytest.raises(ModelError, match="does not fit the network"):
        train_scenes(recipe("perception"), tmp_path)
    (tmp_path / "checkpoint.safetensors").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="is no checkpoint"):
        train_scenes(recipe("reconstruction"), tmp_path)


@pytest.mark.parametrize("kind", ["reconstruction", "perception"])
@pytest.mark.parametrize("spiking", [True, False])
def test_a_twin_begins_with_what_its_other_form_has_learned(kind, spiking, tmp_path):
    known, new = (
        build_network(recipe(kind, spiking=form, seed=seed))
        for form, seed in ((spiking, 0), (not spiking, 1))
    )
    save_file(known.state_dict(), tmp_path / "known.safetensors")
    begin_with(new, tmp_path / "known.safetensors")
    for before, after in zip(known.parameters(), new.parameters(), strict=True):
        torch.testing.assert_close(after, before, atol=0, rtol=0)


def test_weights_to_begin_with_are_those_that_are_validated_first(tmp_path):
    still = Schedule(batches=1, learning_rate=1e-12, validate_every=1, validation_batches=1)
    first = recipe("reconstruction", seed=1).model_copy(update={"schedule": still})
    known = build_network(first)
    save_file(known.state_dict(), tmp_path / "known.safetensors")
    other = first.model_copy(update={"seed": 2})
    best = train_scenes(other, tmp_path / "out", weights=tmp_path / "known.safetensors")
    begun = build_network(other)
    load_weights(begun, best)
    torch.testing.assert_close(begun.head.weight, known.head.weight)
    with pytest.raises(ModelError, match="less than half"):
        begin_with(build_network(recipe("perception")), tmp_path / "known.safetensors")


@pytest.fixture(scope="module")
def batch():
    settings = SequenceSettings(slices=5, batch=4, height=32, width=64, seed=3)
    return SequenceGenerator(settings).batch(1)


@pytest.mark.parametrize("flip", [mirrored, turned])
def test_flipping_twice_changes_nothing(flip, batch):
    again = flip(flip(batch))
    for field in fields(batch):
        torch.testing.assert_close(getattr(again, field.name), getattr(batch, field.name))


@pytest.mark.parametrize(("flip", "axis"), [(mirrored, -1), (turned, -2)])
def test_boxes_stay_around_their_objects_when_clips_are_flipped(flip, axis, batch):
    flipped = flip(batch)
    there = (batch.box_classes != NO_OBJECT).nonzero()
    assert len(there)
    for t, clip, number in there.tolist():
        x, y, w, h = flipped.boxes[t, clip, number].round().int().tolist()
        inside = flipped.instances[t, clip, y : y + h, x : x + w]
        wanted = batch.instances[t, clip] == batch.box_ids[t, clip, number]
        assert (inside == batch.box_ids[t, clip, number]).sum() == wanted.sum()
    torch.testing.assert_close(flipped.events, batch.events.flip(axis))


def test_a_pool_keeps_batches_almost_as_they_were(batch, tmp_path):
    settings = SequenceSettings(slices=5, batch=4, height=32, width=64, seed=3)
    pool = SequencePool(SequenceGenerator(settings), tmp_path, CLIPS, seed=0)
    pool.batch(1)
    kept = pool.batch(1)
    torch.testing.assert_close(kept.events, batch.events.clamp(-60, 60), atol=0.02, rtol=1e-3)
    light = batch.intensity.clamp(0, 1.6).sqrt()
    torch.testing.assert_close(kept.intensity.sqrt(), light, atol=0.004, rtol=0)
    for name in ("classes", "instances", "boxes", "box_classes", "box_ids", "depth_valid"):
        torch.testing.assert_close(getattr(kept, name), getattr(batch, name))


def test_draws_depend_on_their_number_alone(tmp_path):
    settings = SequenceSettings(slices=5, batch=2, height=32, width=32, seed=3)
    pools = [
        SequencePool(SequenceGenerator(settings), tmp_path / name, CLIPS, seed=0) for name in "ab"
    ]
    for number in range(4):
        pools[0].draw(number)
    for number in (3, 1):
        first, second = (pool.draw(number) for pool in pools)
        torch.testing.assert_close(first.events, second.events)


def test_old_batches_make_room(tmp_path):
    settings = SequenceSettings(slices=3, batch=1, height=32, width=32)
    clips = ClipSettings(slices=3, chunk=3, batch=1, fresh=1, reuse=1, keep=2)
    pool = SequencePool(SequenceGenerator(settings), tmp_path, clips, seed=0)
    for number in range(12):
        pool.draw(number)
        assert len(list(tmp_path.iterdir())) <= 2


def test_clips_may_begin_later(batch):
    clips = ClipSettings(slices=5, chunk=4)
    begins = {
        float(changed(batch, np.random.default_rng(seed), clips).slice_us[0, 0])
        for seed in range(20)
    }
    assert begins == {float(value) for value in batch.slice_us[:2, 0]}


WEIGHTS = "kind='perception'\nname=''\nschedule={batches=1}\nperception={surfaces=[1]}"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("kind = 'perception'\nname = 'x'", "schedule"),
        ("kind = 'perception'\nname = 'x'\nspeed = 1\n[schedule]\nbatches = 1", "speed"),
        ("kind = 'perception'\nname = 'x'\n[schedule]\nbatches = 0", "batches"),
        (WEIGHTS, "9 weights"),
        ("kind = 'perception", "TOML"),
    ],
)  # fmt: skip
def test_a_wrong_recipe_is_named_with_its_setting(text, complaint, tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=complaint):
        load_scene_recipe(path)


@pytest.mark.parametrize(
    ("path", "size"),
    [
        ("models/reconstruction-nano/recipe.toml", "nano"),
        ("models/perception-nano/recipe.toml", "nano"),
        ("docs/training/perception-small.toml", "small"),
    ],
)
def test_shipped_recipes_can_be_read(path, size):
    recipe = load_scene_recipe(path)
    assert (recipe.name in path, recipe.size) == (True, size)


TINY = """
kind = "{kind}"
name = "tiny"
size = "tiny"
[schedule]
batches = 2
validate_every = 1
validation_batches = 1
[clips]
height = 64
width = 96
slices = 3
chunk = 3
batch = 2
fresh = 2
[integers]
batches = 1
[card]
summary = "Tiny."
licence = "Apache-2.0"
limits = ["It knows nothing \\"yet\\"."]
data = [{{name = "drawn scenes", licence = "Apache-2.0", origin = "the simulator"}}]
"""


@pytest.mark.parametrize(
    ("kind", "outputs"),
    [("perception", {"detection", "segmentation", "depth"}), ("reconstruction", {"image"})],
)
def test_a_recipe_becomes_a_model_that_runs_on_devices(kind, outputs, tmp_path):
    path, out, said = tmp_path / "recipe.toml", tmp_path / "out", []
    path.write_text(TINY.format(kind=kind))
    train_recipe(path, out, threads=1, say=said.append)
    assert [line.split(":")[0] for line in said[:3]] == [
        "batch 1 of 2",
        "batch 2 of 2",
        "best weights",
    ]
    lines = (out / "training/progress.jsonl").read_text().splitlines()
    assert [json.loads(line)["batch"] for line in lines] == [1, 2]
    picture = cv2.imread(str(out / "training/pictures/000002.png"))
    assert picture.shape == (2 * (64 + 2), (6 if kind == "perception" else 3) * (96 + 2), 3)
    assert (out / "recipe.toml").read_text() == path.read_text()
    card = load_card(out)
    assert set(card.outputs) == outputs
    assert card.limits == ('It knows nothing "yet".',)
    for device, artifact in (("onnx", "onnx"), ("cpu", "integer")):
        expected = golden_outputs(card, artifact)
        inputs = load_golden(card).inputs["events"]
        with open_session(card, device) as session:
            steps = [session.step({"events": slice_}) for slice_ in inputs]
            steps = [{name: value.copy() for name, value in step.items()} for step in steps]
        for name, values in expected.items():
            found = np.stack([step[name] for step in steps])
            np.testing.assert_allclose(found, values, atol=card.tolerance[artifact], err_msg=name)


@pytest.mark.parametrize(
    ("kind", "options", "complaint"),
    [
        ("perception", {"data": Path("digits.npz")}, "--data"),
        ("classifier", {}, "--data"),
        ("classifier", {"weights": "digits-nano"}, "--weights"),
        ("perception", {"device": "tpu"}, "--device"),
        ("portrait", {}, "kind"),
    ],
)
def test_what_a_kind_cannot_use_or_lacks_is_said(kind, options, complaint, tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text(f"kind = '{kind}'\nname = 'x'\n[schedule]\nbatches = 1\n")
    with pytest.raises(ConfigError, match=complaint):
        train_recipe(path, tmp_path / "out", **options)
