"""Scenes made of images of the user's own, labelled or not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from eventvision.core import ConfigError, FormatError, SensorSize
from eventvision.simulation import DETECTION_CLASSES, SEGMENTATION_CLASSES, named_scene

SENSOR = SensorSize(160, 120)
SKY, BUILDING, ROAD, CAR, PERSON = 0, 1, 3, 8, 9


def drawn_street():
    """Return shades and labels of a street: sky, a wall on both sides, a road, a car, a person."""
    random = np.random.default_rng(5)
    y, x = np.mgrid[0:120, 0:160]
    labels = np.full((120, 160), SKY, np.uint8)
    labels[(y > 20) & (np.abs(x - 80) > 30)] = BUILDING
    labels[y > 60 + np.abs(x - 80) // 8] = ROAD
    labels[62:80, 60:90] = CAR
    labels[55:85, 110:118] = PERSON
    shades = np.choose(labels % 5, [230, 90, 150, 60, 120]).astype(np.float64)
    shades += cv2.GaussianBlur(random.normal(0, 60, labels.shape), (5, 5), 0)
    return np.clip(shades, 5, 250).astype(np.uint8), labels


@pytest.fixture
def folder(tmp_path):
    shades, labels = drawn_street()
    cv2.imwrite(str(tmp_path / "one.png"), shades)
    cv2.imwrite(str(tmp_path / "one_labels.png"), labels)
    return tmp_path


def test_a_labelled_image_becomes_a_street(folder):
    truth = named_scene("street", sensor=SENSOR, images=folder, seed=1).truth(300_000)
    kinds = sorted(DETECTION_CLASSES[kind] for kind in truth.classes)
    assert kinds == ["pedestrian", "vehicle"]
    names = {SEGMENTATION_CLASSES[index] for index in np.unique(truth.class_map)}
    assert names == {"sky", "building", "road", "vehicle", "person"}
    assert np.isinf(truth.depth_m[truth.class_map == SEGMENTATION_CLASSES.index("sky")]).all()
    road = truth.class_map == SEGMENTATION_CLASSES.index("road")
    by_row = [truth.depth_m[row][road[row]].mean() for row in (85, 100, 115)]
    assert by_row == sorted(by_row, reverse=True)


def test_movers_go_their_own_way_and_leave_no_ghosts(folder):
    scene = named_scene("street", sensor=SENSOR, images=folder, seed=1)
    truths = [scene.truth(t_us) for t_us in range(0, 4_000_000, 500_000)]
    middles = np.array([truth.boxes[:, 0] + truth.boxes[:, 2] / 2 for truth in truths])
    assert np.ptp(middles[:, 0] - middles[:, 1]) > 1
    for truth in truths:
        movers = np.isin(
            truth.class_map, [SEGMENTATION_CLASSES.index(name) for name in ("vehicle", "person")]
        )
        assert np.array_equal(movers, truth.mask > 0)


def test_the_same_seed_gives_the_same_street(folder):
    images = [
        named_scene("street", sensor=SENSOR, images=folder, seed=4).render(700_000).copy()
        for _ in range(2)
    ]
    assert np.array_equal(*images)


@pytest.mark.parametrize("name", ["texture", "shapes", "juggle", "flicker", "mixed_speed"])
def test_an_image_becomes_the_wall(folder, name):
    drawn = named_scene(name, sensor=SENSOR, seed=1).render(0)
    shown = named_scene(name, sensor=SENSOR, seed=1, images=folder).render(0)
    assert np.abs(drawn - shown).mean() > 0.02
    assert shown.min() > 0
    assert shown.max() <= 1


def test_folders_without_images_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="a folder of images"):
        named_scene("texture", sensor=SENSOR, images=tmp_path / "missing")
    with pytest.raises(ConfigError, match="a folder that holds images"):
        named_scene("texture", sensor=SENSOR, images=tmp_path)
    cv2.imwrite(str(tmp_path / "plain.png"), np.zeros((20, 20), np.uint8))
    with pytest.raises(ConfigError, match=r"NAME_labels\.png"):
        named_scene("street", sensor=SENSOR, images=tmp_path)


@pytest.mark.parametrize("content", [b"", b"not an image", b"\x89PNG\r\n\x1a\n" + bytes(64)])
def test_a_file_that_is_no_image_is_named(tmp_path, content):
    (tmp_path / "broken.jpg").write_bytes(content)
    with pytest.raises(FormatError, match=r"broken\.jpg: not an image"):
        named_scene("texture", sensor=SENSOR, images=tmp_path)


@pytest.mark.parametrize(
    "labels",
    [np.zeros((60, 80), np.uint8), np.full((120, 160), 12, np.uint8)],
    ids=["another size", "an unknown value"],
)
def test_labels_that_do_not_fit_are_refused(folder, labels):
    cv2.imwrite(str(folder / "one_labels.png"), labels)
    with pytest.raises(FormatError, match="its labels are"):
        named_scene("street", sensor=SENSOR, images=folder)


def test_an_image_of_nothing_but_sky_is_still_a_scene(tmp_path):
    cv2.imwrite(str(tmp_path / "sky.png"), np.full((60, 80), 200, np.uint8))
    cv2.imwrite(str(tmp_path / "sky_labels.png"), np.zeros((60, 80), np.uint8))
    truth = named_scene("street", sensor=SENSOR, images=tmp_path).truth(0)
    assert truth.ids.size == 0
    assert truth.intensity.max() > 0.3
