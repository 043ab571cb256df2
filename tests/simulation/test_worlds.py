"""What the named scenes promise: truth that agrees with itself, whenever and in whatever order."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from eventvision.core import ConfigError, SensorSize
from eventvision.simulation import (
    DETECTION_CLASSES,
    SCENES,
    SEGMENTATION_CLASSES,
    SubFrames,
    named_scene,
)
from eventvision.simulation._textures import soften

SENSOR = SensorSize(173, 130)
TIMES_US = (0, 430_000, 2_777_777, 61_000_003)
SURFACES_OF = {
    "vehicle": {"vehicle"},
    "pedestrian": {"person"},
    "cyclist": {"person"},
    "other": {"other"},
}


@cache
def scene_of(name):
    return named_scene(name, sensor=SENSOR, seed=2)


@cache
def truth_of(name, t_us):
    return scene_of(name).truth(t_us)


every_scene = pytest.mark.parametrize("name", sorted(SCENES))


@every_scene
def test_light_lies_between_black_and_white_and_has_texture(name):
    for t_us in TIMES_US:
        light = truth_of(name, t_us).intensity
        assert light.dtype == np.float32
        assert light.shape == SENSOR.shape
        assert light.min() > 0
        assert light.max() <= 1
        assert np.log(light).std() > 0.1


@every_scene
def test_boxes_are_the_tightest_around_the_pixels_of_each_object(name):
    for t_us in TIMES_US:
        truth = truth_of(name, t_us)
        assert truth.ids.tolist() == sorted(set(truth.mask.reshape(-1).tolist()) - {0})
        for label, (x, y, w, h) in zip(truth.ids, truth.boxes.astype(int), strict=True):
            rows, columns = np.nonzero(truth.mask == label)
            assert (columns.min(), columns.max()) == (x, x + w - 1)
            assert (rows.min(), rows.max()) == (y, y + h - 1)


@every_scene
def test_surfaces_of_objects_are_those_of_their_class(name):
    for t_us in TIMES_US:
        truth = truth_of(name, t_us)
        assert truth.class_map.max() < len(SEGMENTATION_CLASSES)
        for label, kind in zip(truth.ids, truth.classes, strict=True):
            shown = {SEGMENTATION_CLASSES[i] for i in truth.class_map[truth.mask == label]}
            assert shown <= SURFACES_OF[DETECTION_CLASSES[kind]]
        movers = np.isin(truth.class_map, [SEGMENTATION_CLASSES.index("vehicle"),
                                           SEGMENTATION_CLASSES.index("person")])  # fmt: skip
        assert (truth.mask[movers] > 0).all()


@every_scene
def test_objects_keep_their_class(name):
    seen = {}
    for t_us in TIMES_US:
        truth = truth_of(name, t_us)
        for label, kind in zip(truth.ids.tolist(), truth.classes.tolist(), strict=True):
            assert seen.setdefault(label, kind) == kind


@every_scene
def test_truth_does_not_depend_on_what_was_asked_before(name):
    fresh = named_scene(name, sensor=SENSOR, seed=2)
    for t_us in reversed(TIMES_US):
        asked, anew = truth_of(name, t_us), fresh.truth(t_us)
        for field in ("intensity", "mask", "ids", "classes", "boxes", "class_map", "depth_m",
                      "flow_px_s", "pose"):  # fmt: skip
            assert np.array_equal(getattr(asked, field), getattr(anew, field)), field
        assert np.array_equal(fresh.render(t_us), anew.intensity)


@every_scene
def test_seeds_give_different_scenes(name):
    other = named_scene(name, sensor=SENSOR, seed=3).render(0)
    assert np.abs(other - truth_of(name, 0).intensity).mean() > 0.005


def where_flow_leads(truth, dt_us):
    """Return columns and rows to which pixels move within a time."""
    y, x = np.indices(truth.mask.shape).astype(np.float64)
    return x + truth.flow_px_s[0] * dt_us * 1e-6, y + truth.flow_px_s[1] * dt_us * 1e-6


def looked_up(values, x, y):
    """Return values at the nearest pixels, and which of those lie well inside the view."""
    column, row = np.rint(x).astype(int), np.rint(y).astype(int)
    inside = (column >= 1) & (row >= 1) & (column < SENSOR.width - 1) & (row < SENSOR.height - 1)
    return values[np.clip(row, 0, SENSOR.height - 1), np.clip(column, 0, SENSOR.width - 1)], inside


def inner(mask):
    """Return pixels whose neighbours two pixels around show the same."""
    same = np.ones(mask.shape, bool)
    for shift in (-2, -1, 1, 2):
        for axis in (0, 1):
            same &= np.roll(mask, shift, axis) == mask
    return same


@every_scene
def test_flow_leads_to_where_objects_are_a_moment_later(name):
    for t_us in TIMES_US:
        truth = truth_of(name, t_us)
        fastest = max(float(np.hypot(*truth.flow_px_s).max()), 1.0)
        dt_us = min(int(2e6 / fastest), 10_000)
        later = scene_of(name).truth(t_us + dt_us)
        ids, inside = looked_up(later.mask, *where_flow_leads(truth, dt_us))
        kept = inside & inner(truth.mask)
        assert kept.sum() > 0.2 * kept.size
        assert (ids == truth.mask)[kept].mean() > 0.995


@pytest.mark.parametrize("name", ["shapes", "street", "room", "texture", "mixed_speed"])
def test_flow_carries_light_along(name):
    """Following the flow explains far more of the change of light than standing still."""
    t_us = 1_200_000
    truth = truth_of(name, t_us)
    dt_us = min(int(1.3e6 / max(float(np.hypot(*truth.flow_px_s).max()), 1.0)), 10_000)
    # Blurred, so that reading between pixels does not cost more than the motion.
    before = soften(truth.intensity, 2)
    after = soften(scene_of(name).truth(t_us + dt_us).intensity, 2)
    x, y = where_flow_leads(truth, dt_us)
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    kept = (left > 0) & (top > 0) & (left < SENSOR.width - 2) & (top < SENSOR.height - 2)
    left, top = np.where(kept, left, 1), np.where(kept, top, 1)
    fx, fy = x - left, y - top
    above = after[top, left] * (1 - fx) + after[top, left + 1] * fx
    below = after[top + 1, left] * (1 - fx) + after[top + 1, left + 1] * fx
    followed = np.abs(above * (1 - fy) + below * fy - before)
    still = np.abs(after - before)
    assert followed[kept].sum() < 0.6 * still[kept].sum()


@pytest.mark.parametrize("name", ["street", "room", "texture", "mixed_speed"])
def test_depth_and_pose_give_the_flow_of_what_stands_still(name):
    """Points at the depth of each pixel, seen from the camera's next pose, move as flow says."""
    dt_us = 1000
    truth = truth_of(name, 430_000)
    later = scene_of(name).truth(430_000 + dt_us)
    fx, fy, cx, cy = truth.intrinsics
    y, x = np.indices(truth.mask.shape).astype(np.float64)
    still = (truth.mask == 0) & np.isfinite(truth.depth_m) & (truth.depth_m < 100)
    z = truth.depth_m[still].astype(np.float64)
    points = np.stack([(x[still] - cx) / fx * z, (y[still] - cy) / fy * z, z, np.ones_like(z)])
    moved = np.linalg.inv(later.pose) @ truth.pose @ points
    flow_x = (fx * moved[0] / moved[2] + cx - x[still]) / (dt_us * 1e-6)
    flow_y = (fy * moved[1] / moved[2] + cy - y[still]) / (dt_us * 1e-6)
    assert flow_x == pytest.approx(truth.flow_px_s[0][still], abs=1.0, rel=0.02)
    assert flow_y == pytest.approx(truth.flow_px_s[1][still], abs=1.0, rel=0.02)


@every_scene
def test_poses_are_rotations_with_a_place(name):
    pose = truth_of(name, 2_777_777).pose
    assert pose.shape == (4, 4)
    assert pose[:3, :3] @ pose[:3, :3].T == pytest.approx(np.eye(3), abs=1e-6)
    assert pose[3].tolist() == [0, 0, 0, 1]


@every_scene
def test_no_pixel_moves_further_than_the_bound(name):
    scene, dt_us = scene_of(name), 500
    for t_us in TIMES_US:
        flow = truth_of(name, t_us).flow_px_s
        fastest_px = float(np.hypot(*flow).max()) * dt_us * 1e-6
        assert fastest_px <= scene.motion_px(t_us, t_us + dt_us) * 1.05 + 0.01


@every_scene
def test_sub_frames_step_through_every_scene(name):
    """Things that are met again beyond the view do not count as moving."""
    times_us = list(SubFrames().times_us(scene_of(name), 3_000_000, 3_100_000))
    assert 15 <= len(times_us) <= 600
    assert np.diff(times_us).min() > 50


def test_sky_is_infinitely_far_and_nothing_else_is():
    for t_us in TIMES_US:
        truth = truth_of("street", t_us)
        sky = truth.class_map == SEGMENTATION_CLASSES.index("sky")
        assert sky.any()
        assert np.isinf(truth.depth_m[sky]).all()
        assert np.isfinite(truth.depth_m[~sky]).all()


def test_the_street_shows_all_that_there_is_to_find():
    truths = [truth_of("street", t_us) for t_us in range(0, 40_000_000, 1_000_000)]
    kinds = set(np.concatenate([truth.classes for truth in truths]).tolist())
    assert {DETECTION_CLASSES[kind] for kind in kinds} == {"vehicle", "pedestrian", "cyclist"}
    surfaces = set(np.concatenate([np.unique(truth.class_map) for truth in truths]).tolist())
    assert {SEGMENTATION_CLASSES[index] for index in surfaces} == {
        "sky", "building", "vegetation", "road", "pavement", "vehicle", "person", "pole",
    }  # fmt: skip


def test_a_room_is_metres_deep():
    for t_us in TIMES_US:
        depth_m = truth_of("room", t_us).depth_m
        assert depth_m.min() > 0.2
        assert depth_m.max() < 10


def test_speeds_differ_by_a_factor_of_twenty():
    scene = scene_of("mixed_speed")
    speeds = [scene.motion_px(t_us, t_us + 1000) for t_us in range(0, 10_000_000, 50_000)]
    assert max(speeds) / min(speeds) >= 20


def test_the_lamp_flickers():
    scene = scene_of("flicker")
    means = np.array([scene.render(t_us).mean() for t_us in range(0, 40_000, 1000)])
    assert means.max() / means.min() > 1.3
    turns = np.diff(np.sign(means - means.mean())) != 0
    assert turns.sum() == pytest.approx(8, abs=1)


@pytest.mark.parametrize("sensor", [SensorSize(64, 48), SensorSize(260, 346)], ids=str)
@every_scene
def test_scenes_fit_any_sensor(name, sensor):
    truth = named_scene(name, sensor=sensor).truth(500_000)
    assert truth.intensity.shape == sensor.shape
    assert truth.intensity.min() > 0


def test_edges_move_by_fractions_of_a_pixel():
    """A shift by a tenth of a pixel changes the image by about a tenth of what a whole one does."""
    scene = scene_of("room")
    per_px_us = next(dt for dt in range(100, 50_000, 100) if scene.motion_px(0, dt) >= 1)
    images = [scene.render(t_us).copy() for t_us in (0, per_px_us // 10, per_px_us)]
    tenth, whole = (np.abs(image - images[0]).mean() for image in images[1:])
    assert tenth == pytest.approx(whole / 10, rel=0.35)


def test_a_still_camera_sees_still_walls():
    """Static parts of a scene without camera motion never change: no false events."""
    scene = scene_of("cells")
    images = [scene.render(t_us).copy() for t_us in (0, 1_000_000)]
    lanes_apart = np.abs(images[0] - images[1])[:4]
    assert lanes_apart.max() == 0


def test_unknown_scenes_and_images_where_none_are_shown_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="one of shapes"):
        named_scene("nowhere", sensor=SENSOR)
    with pytest.raises(ConfigError, match="room draws its own"):
        named_scene("room", sensor=SENSOR, images=tmp_path)


@pytest.mark.parametrize("dt_us", [700])
def test_the_bound_on_motion_adds_up(dt_us):
    scene = scene_of("shapes")
    times_us = list(range(0, 7001, dt_us))
    parts = sum(scene.motion_px(a, b) for a, b in pairwise(times_us))
    assert scene.motion_px(0, 7000) <= parts * 1.01
