"""The outputs of a detector become boxes: decoded, cut at the edges, each object told once."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import SensorSize
from eventvision.kernels.suppression import suppress
from eventvision.tasks import STRIDES, ObjectSettings, find_objects

PICTURE = SensorSize(128, 96)
SURE, NEVER = 9.0, -9.0
PLACES = [
    (stride, x, y)
    for stride in STRIDES
    for y in range(PICTURE.height // stride)
    for x in range(PICTURE.width // stride)
]


def output_with(*objects):
    """Return an output in which places (stride, x, y) tell of boxes x, y, w, h of a class."""
    output = np.full((len(PLACES), 8), NEVER, np.float32)
    for place, (x, y, w, h), class_, logit in objects:
        stride, column, row = place
        centre = (x + w / 2) / stride - column - 0.5, (y + h / 2) / stride - row - 0.5
        values = [*centre, np.log(w / stride), np.log(h / stride), logit, *[NEVER] * 3]
        output[PLACES.index(place)] = values
        output[PLACES.index(place), 5 + class_] = SURE
    return output


@pytest.mark.parametrize("place", [(8, 3, 2), (16, 1, 1), (32, 0, 2)])
def test_a_place_tells_of_the_box_that_it_was_given(place):
    found = find_objects(output_with((place, (20, 30, 24, 16), 1, SURE)), PICTURE, ObjectSettings())
    np.testing.assert_allclose(found.boxes, [[20, 30, 24, 16]], rtol=1e-5)
    assert found.classes.tolist() == [1]
    np.testing.assert_allclose(found.scores, (1 / (1 + np.exp(-SURE))) ** 2, rtol=1e-5)


def test_neighbouring_places_that_tell_of_one_object_tell_of_it_once():
    box = (20, 30, 24, 16)
    output = output_with(
        ((8, 3, 4), box, 0, 1.0), ((8, 4, 4), (21, 30, 24, 16), 0, 3.0), ((16, 1, 2), box, 0, 2.0)
    )
    found = find_objects(output, PICTURE, ObjectSettings())
    np.testing.assert_allclose(found.boxes, [[21, 30, 24, 16]], rtol=1e-5)


def test_objects_of_different_classes_may_share_a_place():
    box = (20, 30, 24, 16)
    output = output_with(((8, 3, 4), box, 0, 1.0), ((8, 4, 4), box, 2, 3.0))
    assert find_objects(output, PICTURE, ObjectSettings()).classes.tolist() == [2, 0]


def test_boxes_are_cut_at_the_edge_of_the_sensor_and_told_in_its_pixels():
    output = output_with(((32, 3, 2), (100, 70, 40, 40), 0, SURE))
    sensor = SensorSize(250, 170)
    found = find_objects(output, PICTURE, ObjectSettings(), scale=2, within=sensor)
    np.testing.assert_allclose(found.boxes, [[200, 140, 50, 30]], rtol=1e-5)


def test_boxes_outside_the_sensor_or_too_small_are_left_out():
    output = output_with(
        ((8, 15, 11), (122, 90, 5, 5), 0, SURE), ((8, 1, 1), (9, 9, 1, 9), 0, SURE)
    )
    assert (
        len(find_objects(output, PICTURE, ObjectSettings(), within=SensorSize(120, 96)).boxes) == 0
    )


def test_only_the_surest_are_told():
    far = [((8, x, 0), (8 * x, 0, 6, 6), 0, float(x)) for x in range(10)]
    settings = ObjectSettings(most_objects=3)
    found = find_objects(output_with(*far), PICTURE, settings)
    assert found.boxes[:, 0].round().tolist() == [72, 64, 56]
    assert (
        len(find_objects(output_with(*far), PICTURE, ObjectSettings(least_score=0.9996)).boxes) == 1
    )


def test_nothing_found_is_nothing():
    found = find_objects(output_with(), PICTURE, ObjectSettings())
    assert found.boxes.shape == (0, 4)
    assert found.scores.dtype == np.float32


@pytest.mark.parametrize("value", [-1e30, 1e30])
def test_absurd_outputs_give_finite_boxes_inside(value):
    found = find_objects(np.full((len(PLACES), 8), value, np.float32), PICTURE, ObjectSettings())
    assert np.isfinite(found.boxes).all()
    assert (found.boxes[:, :2] + found.boxes[:, 2:] <= [128, 96]).all()


@pytest.mark.parametrize("shape", [(10, 8), (len(PLACES), 5), (len(PLACES),)])
def test_an_output_of_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match="a detector's output for 128x96"):
        find_objects(np.zeros(shape, np.float32), PICTURE, ObjectSettings())


@pytest.mark.parametrize(
    "wrong",
    [{"least_score": 2}, {"most_overlap": -1}, {"most_objects": 0}, {"most_candidates": 0},
     {"least_px": -1}],
)  # fmt: skip
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ObjectSettings(**wrong)


def reference_suppress(boxes, classes, most_overlap, most):
    kept = []
    for row, (x, y, w, h) in enumerate(boxes):
        overlaps = []
        for other in kept:
            if classes[other] == classes[row]:
                a, b, c, d = boxes[other]
                across, down = min(x + w, a + c) - max(x, a), min(y + h, b + d) - max(y, b)
                common = max(across, 0) * max(down, 0)
                overlaps.append(common / (w * h + c * d - common))
        if len(kept) < most and all(overlap < most_overlap for overlap in overlaps):
            kept.append(row)
    return kept


@pytest.mark.parametrize("most", [20, 200])
def test_suppression_does_what_its_plain_form_does(most):
    rng = np.random.default_rng(0)
    boxes = np.hstack([rng.uniform(0, 40, (200, 2)), rng.uniform(5, 30, (200, 2))]).astype("f4")
    classes = rng.integers(0, 3, 200)
    kept = np.empty(most, np.int64)
    count = suppress(boxes, classes, 0.4, kept)
    assert kept[:count].tolist() == reference_suppress(boxes, classes, 0.4, most)
    assert 5 < count < 200
