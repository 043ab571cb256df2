"""A shipped detector learns what a user's own windows show, and forgets nothing else."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from eventvision.core import ConfigError, ModelError, load_card  # noqa: E402
from eventvision.devices import golden_outputs, open_session  # noqa: E402
from eventvision.spiking import nn  # noqa: E402
from eventvision.training.datasets import Pedro  # noqa: E402
from eventvision.training.run import finetune_model  # noqa: E402
from eventvision.training.scenes import (  # noqa: E402
    FineTuning,
    build_network,
    finetune,
    load_scene_recipe,
    load_weights,
    write_scene_model,
)

RECIPE = """
kind = "{kind}"
name = "tiny"
size = "tiny"
[schedule]
batches = 1
"""


def write_model(folder, kind="perception"):
    folder.mkdir()
    (folder / "recipe.toml").write_text(RECIPE.format(kind=kind))
    recipe = load_scene_recipe(folder / "recipe.toml")
    slices = torch.randn(3, 1, 5, 64, 64, generator=torch.Generator().manual_seed(0))
    network = lively(build_network(recipe), slices)
    write_scene_model(folder, recipe, network, None, slices, forms=())
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("models") / "tiny")


def lively(network, slices):
    """Let norms see what comes, so that an untrained network has something to say."""
    for part in network.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.momentum = None
    with torch.no_grad():
        for slice_ in slices:
            network(slice_)
    nn.reset(network)
    return network.eval()


def write_windows(folder, count):
    """Write windows of 20 ms in which a square of 64 pixels flickers, and where it is."""
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(count):
        x, y = 32 * random.integers(0, 8), 32 * random.integers(0, 6)
        size = 3000
        rows = np.stack(
            [
                np.sort(random.integers(0, 20_000, size)),
                x + random.integers(0, 64, size),
                y + random.integers(0, 64, size),
                random.integers(0, 2, size),
            ],
            axis=1,
        )
        np.save(folder / f"window{number}.npy", rows)
        (folder / f"window{number}.xml").write_text(
            f"<annotation><object><name>person</name><bndbox><xmin>{x}</xmin><ymin>{y}</ymin>"
            f"<xmax>{x + 64}</xmax><ymax>{y + 64}</ymax></bndbox></object></annotation>"
        )
    return folder


def test_a_detector_learns_from_a_few_windows_and_the_rest_stays(model, tmp_path):
    windows = write_windows(tmp_path / "windows", 8)
    done = finetune(
        model,
        Pedro(windows, split=None),
        tmp_path / "new",
        FineTuning(epochs=40, slices=1, learning_rate=0.01),
        forms=("integer",),
        say=lambda _: None,
    )
    assert (done.learned, done.tested) == (6, 2)
    assert done.before["ap50 pedestrian"] < 0.05
    assert done.after["ap50 pedestrian"] > 0.15
    recipe = load_scene_recipe(tmp_path / "new" / "recipe.toml")
    weights = []
    for folder in (model, tmp_path / "new"):
        network = build_network(recipe)
        load_weights(network, folder / "model.safetensors")
        weights.append(network.state_dict())
    for name, value in weights[0].items():
        same = torch.equal(value, weights[1][name])
        assert same or name.startswith("detection."), name
    assert not torch.equal(weights[0]["detection.out.weight"], weights[1]["detection.out.weight"])
    card = load_card(tmp_path / "new")
    with open_session(card, "cpu") as session:
        inputs = np.load(card.golden_file())["inputs.events"]
        outputs = [session.step({"events": slice_})["detection"].copy() for slice_ in inputs]
    np.testing.assert_allclose(np.stack(outputs), golden_outputs(card, "integer")["detection"])


def test_what_cannot_be_learned_from_is_said(model, tmp_path):
    one = write_windows(tmp_path / "one", 1)
    with pytest.raises(ConfigError, match="2 or more"):
        finetune_model(str(model), one, tmp_path / "new", held_back=0.9)
    with pytest.raises(ConfigError, match="--layout"):
        finetune_model(str(model), one, tmp_path / "new", layout="coco")
    painter = write_model(tmp_path / "painter", "reconstruction")
    with pytest.raises(ModelError, match="detects nothing"):
        finetune_model(str(painter), one, tmp_path / "new")
