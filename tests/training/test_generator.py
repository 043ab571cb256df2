"""Training sequences come from a seed and a number, and say what is true of what they show."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from eventvision.core import ConfigError, SourceError, SourceNotFoundError  # noqa: E402
from eventvision.simulation import PIXEL_MODELS, SEGMENTATION_CLASSES  # noqa: E402
from eventvision.simulation.batched import UNLABELLED, PictureLibrary, PlaneForm, SceneMix  # noqa: E402
from eventvision.training import (  # noqa: E402
    NO_OBJECT,
    SequenceGenerator,
    Sequences,
    SequenceSettings,
    sequence_loader,
)
from eventvision.training.preview import main as preview  # noqa: E402

SETTINGS = SequenceSettings(slices=4, batch=4, height=48, width=64, seed=5)


@pytest.fixture(scope="module")
def batches():
    generator = SequenceGenerator(SETTINGS)
    return [generator.batch(number) for number in range(5)]


@pytest.fixture(scope="module")
def street_folder(tmp_path_factory):
    """Two labelled images: sky over road, with a vehicle and someone on foot."""
    folder = tmp_path_factory.mktemp("streets")
    random = np.random.default_rng(0)
    for number in range(2):
        labels = np.full((120, 160), 3, np.uint8)
        labels[:60] = 0
        labels[50:90, 20:70], labels[50:95, 100:115], labels[100:110, :40] = 8, 9, 11
        image = random.integers(0, 255, labels.shape, np.uint8)
        cv2.imwrite(str(folder / f"{number}.png"), image)
        cv2.imwrite(str(folder / f"{number}_labels.png"), labels)
    return folder


def alike(a, b):
    return all(
        torch.equal(getattr(a, field.name), getattr(b, field.name)) for field in fields(Sequences)
    )


def test_a_batch_is_a_function_of_seed_and_number():
    one, other = SequenceGenerator(SETTINGS), SequenceGenerator(SETTINGS)
    other.batch(7)
    assert alike(one.batch(2), other.batch(2))
    assert not alike(one.batch(2), one.batch(3))
    assert not alike(one.batch(2), SequenceGenerator(replace(SETTINGS, seed=6)).batch(2))


def test_iterating_yields_numbered_batches_from_where_a_run_goes_on():
    generator = SequenceGenerator(SETTINGS, first=3)
    batches = iter(generator)
    assert alike(next(batches), generator.batch(3))
    assert alike(next(batches), generator.batch(4))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_workers_share_the_numbers_and_keep_the_order():
    generator = SequenceGenerator(SETTINGS)
    loader = iter(sequence_loader(generator, workers=2))
    assert all(alike(next(loader), generator.batch(number)) for number in range(3))


@pytest.mark.parametrize("form", ["voxel:5", "voxel:1", "stack:4", "histogram"])
def test_every_representation_comes_in_its_shape(form):
    settings = replace(SETTINGS, representation=form)
    batch = SequenceGenerator(settings).batch(0)
    channels = PlaneForm.parse(form).channels
    assert batch.events.shape == (4, 4, channels, 48, 64)
    counted = batch.events.sum((2, 3, 4)) if not form.startswith("voxel") else None
    if counted is not None:
        torch.testing.assert_close(counted, batch.activity.sum((2, 3)))


def test_shapes_and_ranges(batches):
    for batch in batches:
        assert batch.intensity.shape == (4, 4, 1, 48, 64)
        assert batch.intensity.min() >= 0
        assert batch.intensity.max() <= 2.5
        assert (batch.slice_us >= 1).all()
        known = batch.classes[batch.classes != UNLABELLED]
        assert known.max() < len(SEGMENTATION_CLASSES)
        assert torch.isfinite(batch.depth_m[batch.depth_valid]).all()
        assert (batch.depth_m[batch.depth_valid] > 0).all()
        for field in fields(Sequences):
            assert getattr(batch, field.name).shape[:2] == (4, 4)


def test_there_is_enough_to_see(batches):
    activity = torch.stack([batch.activity.mean((0, 2, 3)) for batch in batches]).flatten()
    assert (activity > 0.02).float().mean() > 0.8
    assert sum(int((batch.box_classes >= 0).sum()) for batch in batches) > 40
    assert 0.1 < torch.stack([batch.depth_valid.float().mean() for batch in batches]).mean() < 0.6


def test_boxes_are_the_tightest_around_the_objects(batches):
    found = 0
    for batch in batches:
        for t, clip, place in torch.nonzero(batch.box_classes != NO_OBJECT).tolist():
            mask = batch.instances[t, clip] == batch.box_ids[t, clip, place]
            rows, columns = torch.nonzero(mask, as_tuple=True)
            x, y, w, h = batch.boxes[t, clip, place].tolist()
            assert (x, y) == (columns.min(), rows.min())
            assert (x + w - 1, y + h - 1) == (columns.max(), rows.max())
            assert batch.box_pixels[t, clip, place] == mask.sum()
            events = batch.activity[t, clip][mask].sum()
            assert batch.box_events[t, clip, place] == pytest.approx(float(events), abs=0.01)
            found += 1
    assert found > 40


@pytest.mark.parametrize("world", [0.0, 1.0], ids=["layered", "world"])
def test_flow_brings_the_image_before_onto_the_present_one(world):
    mix = SceneMix(world=world, still_camera=0.0, path_px=(20.0, 30.0), flicker=0.0)
    generator = SequenceGenerator(replace(SETTINGS, mix=mix, height=64, width=64, seed=1))
    batch = generator.batch(0)
    now, before = (part.flatten(0, 2) for part in (batch.intensity[1:], batch.intensity[:-1]))
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    errors = []
    for sign in (1, -1):
        was = torch.stack([x, y], -1) - sign * batch.flow_px[1:].flatten(0, 1).movedim(1, -1)
        grid = (was + 0.5) / 32 - 1
        warped = torch.nn.functional.grid_sample(before[:, None], grid, align_corners=False)[:, 0]
        difference = (warped - now).abs() * (grid.abs() < 0.95).all(-1)
        errors.append(difference.mean((1, 2)))
    assert (errors[0] / errors[1]).median() < 0.5


def test_labelled_images_are_taken_apart_along_their_labels(street_folder):
    mix = SceneMix(images=(street_folder,), street=1.0, world=0.0)
    batch = SequenceGenerator(replace(SETTINGS, mix=mix)).batch(0)
    shown = {SEGMENTATION_CLASSES[value] for value in batch.classes.unique().tolist() if value < 9}
    assert {"sky", "road", "vehicle"} <= shown
    assert (batch.box_classes >= 0).any()


def test_a_still_camera_sees_only_what_moves_by_itself():
    mix = SceneMix(still_camera=1.0, world=0.0, flicker=0.0, cameras=(PIXEL_MODELS["ideal"],))
    batch = SequenceGenerator(replace(SETTINGS, mix=mix)).batch(1)
    backdrop = batch.instances.amax(0) == 0
    near = torch.nn.functional.max_pool2d((~backdrop).float(), 9, 1, 4) > 0
    assert (batch.flow_px.abs().amax((0, 2))[backdrop] == 0).all()
    events = batch.activity.sum(0)
    assert events[~near].sum() < 0.25 * events.sum()


def test_flicker_makes_events_where_nothing_moves():
    mix = SceneMix(still_camera=1.0, world=0.0, flicker=1.0, cameras=(PIXEL_MODELS["ideal"],))
    batch = SequenceGenerator(replace(SETTINGS, mix=mix)).batch(1)
    assert (batch.activity.sum(0) > 0).float().mean() > 0.5
    assert batch.slice_us.mean() < 20_000


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"representation": "voxels"}, ConfigError),
        ({"representation": "voxel:0"}, ConfigError),
        ({"representation": "stack:9"}, ConfigError),
        ({"slices": 0}, ValueError),
        ({"height": 8}, ValueError),
        ({"seed": -1}, ValueError),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes, error):
    with pytest.raises(error):
        replace(SETTINGS, **changes)


@pytest.mark.parametrize(
    "changes", [{"world": 2.0}, {"path_px": (0.0, 3.0)}, {"slice_us": (10.0, 20.0)}]
)
def test_mixes_that_make_no_sense_are_refused(changes):
    with pytest.raises(ValueError, match=next(iter(changes))):
        SceneMix(**changes)


def test_a_folder_without_images_is_refused(tmp_path):
    with pytest.raises(SourceNotFoundError, match="holds no images"):
        SequenceGenerator(replace(SETTINGS, mix=SceneMix(images=(tmp_path,))))


def test_images_are_parted_by_folder_and_else_by_name(tmp_path: Path) -> None:
    names = [f"image{number}.png" for number in range(60)]
    for name in names:
        write_image(tmp_path / "loose" / name)
    write_image(tmp_path / "town" / "train" / "a.png")
    write_image(tmp_path / "town" / "val" / "b.png")
    parts = {part: PictureLibrary([tmp_path], part).pictures for part in ("all", "train", "val")}
    assert sorted(parts["train"] + parts["val"]) == parts["all"]
    assert {path.name for path in parts["val"] if "town" in path.parts} == {"b.png"}
    assert 4 <= sum("loose" in path.parts for path in parts["val"]) <= 18


def write_image(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((40, 40), 90, np.uint8))


def test_a_broken_image_is_named(tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"not an image")
    mix = SceneMix(images=(tmp_path,), world=0.0, street=0.0)
    with pytest.raises(SourceError, match=r"broken\.jpg"):
        SequenceGenerator(replace(SETTINGS, mix=mix)).batch(0)


def test_the_preview_draws_a_picture_and_says_what_is_wrong(tmp_path, capsys):
    out = tmp_path / "preview.png"
    assert preview([str(out), "--sequences", "2", "--world", "0.5"]) == 0
    assert cv2.imread(str(out)).shape == (2 * 114, 10 * 114, 3)
    assert preview([str(out), "--images", str(tmp_path / "absent")]) == 2
    assert "holds no images" in capsys.readouterr().err
