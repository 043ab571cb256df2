"""Boxes around what moves, on streams whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import EVENT_DTYPE, Detections, Events, Slice
from eventvision.tasks import Detection, DetectionSettings


def detected(scene, events, until_us: int, **settings) -> list[tuple[int, Detections]]:
    task = Detection(scene.sensor, DetectionSettings(**settings))
    return [(s.t1_us, task.step(s, {})) for s in scene.slices(events, until_us=until_us)]


def overlaps(found: list[tuple[int, Detections]], mover, iou) -> list[float]:
    return [
        max((iou(box, mover.box(t_us)) for box in detections.boxes), default=0.0)
        for t_us, detections in found
    ]


@pytest.mark.parametrize("noise_hz", [0.0, 1.0])
@pytest.mark.parametrize(
    ("shape", "least"),
    [
        ({"velocity": (100, 40)}, 0.75),
        ({"velocity": (200, 0)}, 0.75),
        ({"velocity": (-50, 0), "centre": (200, 90)}, 0.75),
        ({"velocity": (600, 200), "centre": (40, 40)}, 0.65),
        ({"velocity": (150, 50), "size": (40, 24), "round": False}, 0.7),
        ({"velocity": (200, 0), "size": (60, 40), "round": False}, 0.65),
        ({"velocity": (0, 150), "size": (40, 24), "round": False, "centre": (90, 30)}, 0.65),
        ({"velocity": (200, 0), "size": (12, 12)}, 0.5),
    ],
)
def test_a_moving_shape_gets_one_box_that_fits(scene, mover, iou, noise_hz, shape, least):
    moving = mover(**{"centre": (40, 60)} | shape)
    until_us = 250_000
    found = detected(scene, scene.movers([moving], until_us=until_us, noise_hz=noise_hz), until_us)
    settled = found[5:]
    assert np.median(overlaps(settled, moving, iou)) > least
    assert np.mean([len(detections) for _, detections in settled]) < 1.2


def test_objects_of_very_different_density_are_all_found(scene, mover, iou):
    dense = mover(centre=(40, 40), velocity=(300, 0), size=(30, 30))
    slow = mover(centre=(40, 130), velocity=(60, 20), size=(30, 30))
    parts = [
        scene.movers([dense], until_us=250_000, noise_hz=0.5, per_edge=6),
        scene.movers([slow], until_us=250_000, per_edge=1),
    ]
    events = Events(np.sort(np.concatenate([part.data for part in parts]), order="t"), scene.sensor)
    found = detected(scene, events, 250_000)[8:]
    for moving in (dense, slow):
        assert np.median(overlaps(found, moving, iou)) > 0.5


def test_boxes_lie_inside_the_sensor_and_arrays_agree(scene, mover):
    leaving = mover(centre=(200, 150), velocity=(300, 200))
    for _, found in detected(scene, scene.movers([leaving], until_us=300_000), 300_000):
        assert found.boxes.shape == (len(found), 4)
        assert found.scores.shape == found.classes.shape == (len(found),)
        assert found.boxes.dtype == found.scores.dtype == np.float32
        assert found.classes.dtype == np.int64
        assert found.class_names == ("object",)
        assert (found.boxes[:, :2] >= 0).all()
        assert (found.boxes[:, :2] + found.boxes[:, 2:] <= [240, 180]).all()
        assert ((found.scores > 0) & (found.scores <= 1)).all()
        assert (np.diff(found.scores) <= 0).all()


@pytest.mark.parametrize("rate_hz", [0.1, 1.0, 5.0, 10.0])
def test_noise_alone_is_no_object(scene, rate_hz):
    noise = scene.movers([], until_us=500_000, noise_hz=rate_hz)
    assert not any(len(detections) for _, detections in detected(scene, noise, 500_000))


def test_hot_pixels_are_no_objects(scene):
    rng = np.random.default_rng(1)
    hot = np.zeros(50_000, EVENT_DTYPE)
    hot["t"] = np.sort(rng.integers(0, 300_000, hot.size))
    pixels = rng.integers(0, 180, (20, 2))
    hot["x"], hot["y"] = pixels[rng.integers(0, 20, hot.size)].T
    hot["on"] = rng.random(hot.size) < 0.8
    found = detected(scene, Events(hot, scene.sensor), 300_000)
    assert all(len(detections) == 0 for _, detections in found)


def test_a_lamp_is_no_object_once_it_has_flickered(scene):
    found = detected(scene, scene.lamp(until_us=300_000), 300_000)
    assert all(len(detections) == 0 for _, detections in found[5:])


def test_what_moves_in_front_of_a_lamp_is_found(scene, mover, iou):
    moving = mover(centre=(20, 60), velocity=(300, 0), size=(36, 36))
    lamp = scene.lamp(until_us=500_000)
    shape = scene.movers([moving], until_us=500_000, per_edge=4)
    events = Events(np.sort(np.concatenate([lamp.data, shape.data]), order="t"), scene.sensor)
    assert np.median(overlaps(detected(scene, events, 500_000)[20:], moving, iou)) > 0.6


def test_the_texture_that_a_moving_camera_sees_is_no_object(scene):
    found = detected(scene, scene.panned(until_us=200_000), 200_000)
    assert not any(len(detections) for _, detections in found)


def test_a_still_scene_has_no_objects(scene, mover):
    moving = mover(centre=(40, 60), velocity=(200, 0), seen=lambda t_us: t_us < 200_000)
    found = detected(scene, scene.movers([moving], until_us=400_000), 400_000)
    assert len(found[15][1]) == 1
    assert all(len(detections) == 0 for t_us, detections in found if t_us > 300_000)


def test_no_events_give_no_objects(scene, empty_slice):
    task = Detection(scene.sensor)
    assert [len(task.step(empty_slice(scene.sensor), {})) for _ in range(3)] == [0, 0, 0]


def test_a_stream_that_jumps_back_in_time_is_taken_up_again(scene, mover, iou):
    moving = mover(centre=(40, 60), velocity=(200, 0))
    slices = list(scene.slices(scene.movers([moving], until_us=200_000), until_us=200_000))
    task = Detection(scene.sensor)
    for slice_ in slices:
        task.step(slice_, {})
    again = [(slice_.t1_us, task.step(slice_, {})) for slice_ in slices]
    assert np.median(overlaps(again[10:], moving, iou)) > 0.7


def test_a_million_events_in_one_slice_are_taken(scene):
    rng = np.random.default_rng(3)
    data = np.zeros(1_000_000, EVENT_DTYPE)
    data["t"] = np.sort(rng.integers(0, 10_000, data.size))
    data["x"], data["y"] = rng.integers(0, 240, data.size), rng.integers(0, 180, data.size)
    found = Detection(scene.sensor).step(
        Slice(0, Events(data, scene.sensor), 0, 10_000, "event_limit"), {}
    )
    assert len(found) <= 32


def test_the_same_stream_gives_the_same_boxes_bit_for_bit(scene, mover):
    moving = [
        mover(centre=(40, 60), velocity=(200, 30)),
        mover(centre=(200, 120), velocity=(-90, 0)),
    ]
    events = scene.movers(moving, until_us=200_000, noise_hz=2)
    slices = list(scene.slices(events, until_us=200_000))
    task = Detection(scene.sensor)
    first = [task.step(slice_, {}) for slice_ in slices]
    task.reset()
    for before, after in zip(first, (task.step(slice_, {}) for slice_ in slices), strict=True):
        assert before.boxes.tobytes() == after.boxes.tobytes()
        assert before.scores.tobytes() == after.scores.tobytes()


@pytest.mark.parametrize("window_us", [2_000, 5_000, 20_000])
def test_boxes_do_not_hang_on_the_length_of_the_slices(scene, mover, iou, window_us):
    moving = mover(centre=(40, 60), velocity=(200, 40))
    events = scene.movers([moving], until_us=200_000, noise_hz=1)
    task = Detection(scene.sensor)
    slices = scene.slices(events, until_us=200_000, window_us=window_us)
    found = [(slice_.t1_us, task.step(slice_, {})) for slice_ in slices]
    assert np.median(overlaps(found[len(found) // 2 :], moving, iou)) > 0.7


@pytest.mark.parametrize(
    "wrong",
    [
        {"memory_us": 0},
        {"least_charge": float("nan")},
        {"most_active": 1.5},
        {"tail_share": -0.1},
        {"cell_px": 0},
        {"gap_cells": -1},
        {"most_objects": 0},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        DetectionSettings(**wrong)
