"""Scores of pictures, boxes, surfaces and distances on cases that can be worked out."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from eventvision.core import Detections
from eventvision.training.evaluation import (
    BoxTally,
    MeanTally,
    SurfaceTally,
    TrueObjects,
    depth_scores,
    estimates,
    percentile_scaled,
    picture_scores,
)
from eventvision.training.losses import ssim

CLASSES = ("vehicle", "pedestrian")


def detections(*rows):
    """Return detections from (x, y, w, h, score, class)."""
    table = np.array(rows, np.float32).reshape(-1, 6)
    return Detections(table[:, :4], table[:, 4], table[:, 5].astype(np.int64), CLASSES)


def objects(*rows):
    """Return objects from (x, y, w, h, class, needed)."""
    table = np.array(rows, np.float32).reshape(-1, 6)
    return TrueObjects(table[:, :4], table[:, 4].astype(np.int64), table[:, 5] > 0)


def box_scores(frames, classes=CLASSES):
    tally = BoxTally(len(frames), classes)
    for number, (found, truth) in enumerate(frames):
        tally.add(number, found, truth)
    return tally.score(np.ones(len(frames)))


def ramp(height=40, width=60):
    return np.add.outer(np.arange(height) * 0.5, np.arange(width) * 2.0)


def noise(seed, height=40, width=60):
    return np.random.default_rng(seed).random((height, width))


def test_a_picture_is_perfect_whatever_its_brightness_and_contrast():
    scores = picture_scores(3 * ramp() - 7, ramp())
    assert scores == pytest.approx({"mse": 0, "ssim": 1, "correlation": 1}, abs=1e-9)


def test_a_negative_is_as_wrong_as_can_be():
    assert picture_scores(-ramp(), ramp())["correlation"] == pytest.approx(-1)


def test_scaling_clips_one_per_cent_at_each_end():
    scaled = percentile_scaled(np.arange(101.0).reshape(1, -1))
    assert scaled[0, :3] == pytest.approx([0, 0, 1 / 98])
    assert scaled[0, -2:] == pytest.approx([1, 1])


def test_one_grey_has_no_correlation_and_the_spread_of_the_truth_as_its_error():
    truth = np.zeros((40, 60))
    truth[:, 30:] = 1
    scores = picture_scores(np.full((40, 60), 0.3), truth)
    assert scores["correlation"] == 0
    assert scores["mse"] == pytest.approx(0.25)
    assert 0 < scores["ssim"] < 0.5


def test_similarity_is_that_of_the_definition():
    a, b = percentile_scaled(noise(1)), percentile_scaled(noise(2) + ramp() / 50)
    assert picture_scores(a, b)["ssim"] == pytest.approx(similarity_by_definition(a, b), abs=1e-5)


def similarity_by_definition(a, b):
    """Wang et al.'s formula, window by window."""
    offsets = np.arange(11) - 5
    line = np.exp(-(offsets**2) / (2 * 1.5**2))
    weights = np.outer(line, line) / line.sum() ** 2
    values = []
    for row in range(a.shape[0] - 10):
        for column in range(a.shape[1] - 10):
            x, y = (picture[row : row + 11, column : column + 11] for picture in (a, b))
            mx, my = (weights * x).sum(), (weights * y).sum()
            vx, vy = (weights * (x - mx) ** 2).sum(), (weights * (y - my) ** 2).sum()
            both = (weights * (x - mx) * (y - my)).sum()
            values.append(
                (2 * mx * my + 1e-4) * (2 * both + 9e-4)
                / ((mx**2 + my**2 + 1e-4) * (vx + vy + 9e-4))
            )  # fmt: skip
    return float(np.mean(values))


def test_similarity_is_that_of_the_loss():
    a, b = percentile_scaled(noise(3)), percentile_scaled(ramp())
    loss = ssim(*(torch.tensor(picture, dtype=torch.float32)[None, None] for picture in (a, b)))
    assert picture_scores(a, b)["ssim"] == pytest.approx(float(loss), abs=1e-4)


def test_pictures_smaller_than_the_window_are_refused():
    with pytest.raises(ValueError, match="11x11"):
        picture_scores(ramp(8, 20), ramp(8, 20))


def test_distances_are_right_up_to_a_factor():
    truth = (ramp() + 1).astype(np.float32)[:30, :30]
    scores = depth_scores(0.1 * truth, truth)
    assert scores == pytest.approx({"abs_rel": 0, "delta_1.25": 1, "rmse_log": 0}, abs=1e-6)


def test_wrong_distances_count_by_their_ratio():
    truth = np.array([[1.0, 2.0, 4.0, 10.0, 200.0, np.nan]], np.float32)
    found = np.array([[1.0, 2.0, 4.0, 20.0, 1.0, 1.0]], np.float32)
    scores = depth_scores(found, truth)
    assert scores["abs_rel"] == pytest.approx(1 / 4)
    assert scores["delta_1.25"] == pytest.approx(3 / 4)
    assert scores["rmse_log"] == pytest.approx(math.log(2) / 2)


def test_overlap_of_classes_is_intersection_over_union():
    truth = np.array([[0, 0, 0, 1, 1, 255]], np.uint8)
    found = np.array([[0, 0, 1, 1, 2, 2]], np.uint8)
    tally = SurfaceTally(1, ("sky", "road", "pole"))
    tally.add(0, found, truth)
    scores = tally.score(np.ones(1))
    assert scores["iou sky"] == pytest.approx(2 / 3)
    assert scores["iou road"] == pytest.approx(1 / 3)
    assert math.isnan(scores["iou pole"])
    assert scores["miou"] == pytest.approx(1 / 2)
    assert scores["accuracy"] == pytest.approx(3 / 5)


def test_a_class_without_a_name_is_refused():
    with pytest.raises(ValueError, match="0 to 1"):
        SurfaceTally(1, ("sky", "road")).add(
            0, np.array([[2]], np.uint8), np.array([[0]], np.uint8)
        )


CAR, MAN = (10, 10, 40, 20), (100, 10, 10, 30)


def test_all_objects_found_and_nothing_else_is_one():
    frames = [(detections((*CAR, 0.9, 0), (*MAN, 0.8, 1)), objects((*CAR, 0, 1), (*MAN, 1, 1)))]
    scores = box_scores(frames)
    assert (scores["map50"], scores["ap50 any class"]) == (1, 1)


def test_a_mistake_that_is_surer_than_the_find_halves_the_precision():
    frames = [(detections((60, 60, 9, 9, 0.95, 0), (*CAR, 0.9, 0)), objects((*CAR, 0, 1)))]
    assert box_scores(frames)["ap50 vehicle"] == pytest.approx(0.5)


def test_a_mistake_that_is_less_sure_costs_nothing():
    frames = [(detections((60, 60, 9, 9, 0.5, 0), (*CAR, 0.9, 0)), objects((*CAR, 0, 1)))]
    assert box_scores(frames)["ap50 vehicle"] == 1


def test_half_of_the_objects_is_read_at_101_levels():
    frames = [(detections((*CAR, 0.9, 0)), objects((*CAR, 0, 1), (200, 90, 20, 20, 0, 1)))]
    assert box_scores(frames)["ap50 vehicle"] == pytest.approx(51 / 101)


def test_an_object_is_found_once():
    twice = detections((*CAR, 0.9, 0), (11, 10, 40, 20, 0.8, 0), (*MAN, 0.7, 0))
    frames = [(twice, objects((*CAR, 0, 1), (*MAN, 0, 1)))]
    # Right at ranks 1 and 3 of 3: precision 1 up to recall one half, 2/3 beyond.
    assert box_scores(frames)["ap50 vehicle"] == pytest.approx((51 + 50 * 2 / 3) / 101)


@pytest.mark.parametrize(("shift", "found"), [(13, 1.0), (14, 0.0)])
def test_boxes_match_from_an_overlap_of_one_half(shift, found):
    frames = [(detections((10 + shift, 10, 40, 20, 0.9, 0)), objects((*CAR, 0, 1)))]
    assert box_scores(frames)["ap50 vehicle"] == found


def test_a_needless_object_counts_neither_for_nor_against():
    frames = [(detections((*MAN, 0.99, 0), (*CAR, 0.9, 0)), objects((*CAR, 0, 1), (*MAN, 0, 0)))]
    assert box_scores(frames)["ap50 vehicle"] == 1


def test_the_wrong_class_counts_for_no_class_but_for_any():
    frames = [(detections((*CAR, 0.9, 1)), objects((*CAR, 0, 1)))]
    scores = box_scores(frames)
    assert (scores["ap50 vehicle"], scores["ap50 any class"]) == (0, 1)
    assert math.isnan(scores["ap50 pedestrian"])
    assert scores["map50"] == 0


def test_a_detector_without_classes_is_scored_without():
    frames = [(detections((*CAR, 0.9, 0)), objects((*CAR, 1, 1)))]
    assert box_scores(frames, ()) == {"ap50 any class": 1}


def test_a_frame_without_detections_or_objects_is_no_trouble():
    frames = [(detections(), objects()), (detections((*CAR, 0.9, 0)), objects())]
    assert math.isnan(box_scores(frames)["map50"])


def test_means_are_over_sequences_and_not_over_frames():
    tally = MeanTally(3)
    for value in (1.0, 1.0, 1.0):
        tally.add(0, {"mse": value})
    tally.add(2, {"mse": 0.0})
    assert tally.score(np.ones(3)) == {"mse": 0.5}
    assert tally.score(np.array([2.0, 1.0, 1.0])) == {"mse": pytest.approx(2 / 3)}


def test_intervals_are_those_of_the_mean_of_many_sequences():
    tally = MeanTally(400)
    for number in range(400):
        tally.add(number, {"mse": float(number % 2)})
    found = estimates(tally)["mse"]
    assert found.value == 0.5
    # The mean of 400 fair coins has a standard deviation of 1/40.
    assert found.low == pytest.approx(0.5 - 1.96 / 40, abs=0.012)
    assert found.high == pytest.approx(0.5 + 1.96 / 40, abs=0.012)


def test_intervals_are_the_same_each_time():
    tally = MeanTally(5)
    for number in range(5):
        tally.add(number, {"mse": float(number)})
    assert estimates(tally) == estimates(tally)


def test_a_score_that_a_draw_does_not_have_is_left_out_of_the_interval():
    tally = BoxTally(2, CLASSES)
    tally.add(0, detections((*CAR, 0.9, 0)), objects((*CAR, 0, 1)))
    tally.add(1, detections(), objects())
    assert estimates(tally, rounds=50)["map50"].low == 1
