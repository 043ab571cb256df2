"""Tracks over detections: ids, velocities, ages, silence."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import Detections, Events, Slice, Tracks
from eventvision.tasks import Motion, Tracking, TrackingSettings, build_tasks

STEP_US = 10_000


def detections(*boxes: tuple[float, float, float, float], score: float = 0.8) -> Detections:
    count = len(boxes)
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.full(count, score, np.float32),
        np.zeros(count, np.int64),
    )


class Follower:
    """Feeds detections to a tracker, one set per slice."""

    def __init__(self, sensor, settings: TrackingSettings | None = None) -> None:
        self.sensor, self.task, self.now_us = sensor, Tracking(sensor, settings), 0

    def see(self, found: Detections, *, step_us: int = STEP_US) -> Tracks:
        events = Events.empty(self.sensor)
        slice_ = Slice(0, events, self.now_us, self.now_us + step_us, "time")
        self.now_us += step_us
        return self.task.step(slice_, {"detection": found})


@pytest.fixture
def follower(scene) -> Follower:
    return Follower(scene.sensor)


def box(x: float, y: float = 90, side: float = 20) -> tuple[float, float, float, float]:
    return (x - side / 2, y - side / 2, side, side)


def test_a_track_is_reported_from_its_third_detection(follower):
    reported = [len(follower.see(detections(box(50 + i)))) for i in range(4)]
    assert reported == [0, 0, 1, 1]


def test_a_detection_seen_once_is_never_a_track(follower):
    follower.see(detections(box(50)))
    assert all(len(follower.see(detections())) == 0 for _ in range(10))


def test_a_weak_detection_starts_no_track_but_continues_one(follower):
    for _ in range(5):
        assert len(follower.see(detections(box(50), score=0.1))) == 0
    for _ in range(4):
        strong = follower.see(detections(box(50)))
    weak = follower.see(detections(box(50), score=0.1))
    np.testing.assert_array_equal(strong.ids, weak.ids)
    assert weak.scores[0] == pytest.approx(0.1)


@pytest.mark.parametrize("step_us", [1_000, 10_000, 33_000])
@pytest.mark.parametrize("velocity", [(0, 0), (120, -60), (400, 200)])
def test_velocity_and_age_are_in_real_time(follower, velocity, step_us):
    steps = int(300_000 / step_us)
    for i in range(steps):
        at_s = i * step_us / 1e6
        seen = follower.see(
            detections(box(60 + velocity[0] * at_s, 80 + velocity[1] * at_s)), step_us=step_us
        )
    np.testing.assert_allclose(seen.velocities[0], velocity, atol=8)
    assert seen.ages_us[0] == (steps - 1) * step_us
    x, y, w, h = seen.boxes[0]
    np.testing.assert_allclose(
        [x + w / 2, y + h / 2], [60 + velocity[0] * at_s, 80 + velocity[1] * at_s], atol=1
    )
    np.testing.assert_allclose([w, h], 20, atol=0.5)


def test_jitter_of_the_boxes_is_smoothed(follower):
    rng = np.random.default_rng(0)
    raw, smooth = [], []
    for i in range(100):
        x = 60 + 100 * i * STEP_US / 1e6
        jitter = rng.normal(0, 2, 2)
        tracks = follower.see(detections(box(x + jitter[0], 90 + jitter[1])))
        if i > 20:
            raw.append(jitter)
            smooth.append(tracks.boxes[0, :2] + 10 - (x, 90))
    assert np.std(smooth) < 0.85 * np.std(raw)


def test_the_id_survives_a_silence_of_a_third_of_a_second(follower):
    for _ in range(30):
        before = follower.see(detections(box(100)))
    silent = [follower.see(detections()) for _ in range(30)]
    after = follower.see(detections(box(103)))
    assert {tuple(tracks.ids) for tracks in [before, *silent, after]} == {(1,)}
    assert after.ages_us[0] == 60 * STEP_US


@pytest.mark.parametrize("goes_on", [False, True], ids=["stopped", "was hidden"])
def test_a_moving_object_is_found_again_where_it_stopped_or_went_on(follower, goes_on):
    for i in range(30):
        before = follower.see(detections(box(40 + 2 * i)))
    for _ in range(20):
        follower.see(detections())
    after = follower.see(detections(box(98 + 2 * 21 if goes_on else 98)))
    np.testing.assert_array_equal(after.ids, before.ids)


def test_a_silent_track_comes_to_rest(follower):
    for i in range(30):
        follower.see(detections(box(40 + 2 * i)))
    for _ in range(40):
        last = follower.see(detections())
    assert abs(last.velocities[0, 0]) < 10
    assert 98 < last.boxes[0, 0] + 10 < 125


def test_a_track_ends_after_six_tenths_of_a_second_of_silence_and_its_id_with_it(follower):
    for _ in range(30):
        follower.see(detections(box(100)))
    alive = [len(follower.see(detections())) for _ in range(62)]
    assert alive == [1] * 60 + [0] * 2
    for _ in range(3):
        again = follower.see(detections(box(100)))
    np.testing.assert_array_equal(again.ids, [2])


def test_a_track_seen_briefly_is_missed_briefly(follower):
    for _ in range(4):
        follower.see(detections(box(100)))
    alive = sum(len(follower.see(detections())) for _ in range(52))
    assert 10 <= alive <= 20


def test_a_track_that_leaves_the_sensor_ends(follower):
    for i in range(20):
        tracks = follower.see(detections(box(180 + 3 * i)))
    assert len(tracks) == 1
    assert sum(len(follower.see(detections())) for _ in range(10)) < 10


def test_ids_hold_when_objects_pass_each_other(follower):
    pairs = []
    for i in range(80):
        tracks = follower.see(detections(box(40 + 2 * i, 60), box(200 - 2 * i, 110)))
        pairs += [dict(zip(tracks.ids.tolist(), tracks.boxes[:, 1], strict=True))]
    assert pairs[-1].keys() == {1, 2}
    assert pairs[-1][1] < 60 < pairs[-1][2]


def test_ids_hold_when_two_boxes_merge_and_part_again(follower):
    for i in range(60):
        left, right = 40 + 3 * i, 200 - 3 * i
        apart = abs(left - right) > 24
        one = (min(left, right) - 10, 80, abs(left - right) + 20, 24)
        tracks = follower.see(detections(box(left), box(right, 94)) if apart else detections(one))
    by_id = dict(zip(tracks.ids.tolist(), tracks.velocities[:, 0], strict=True))
    assert by_id.keys() == {1, 2}
    assert by_id[1] > 0 > by_id[2]


def test_the_hidden_one_of_two_merged_objects_is_not_reported(follower):
    for _ in range(20):
        follower.see(detections(box(80), box(120)))
    for _ in range(5):
        merged = follower.see(detections((70, 80, 60, 20)))
    assert len(merged) == 1


def test_ids_are_never_used_twice(follower):
    rng = np.random.default_rng(1)
    seen: list[int] = []
    for _ in range(150):
        x = rng.uniform(10, 230)
        for _ in range(3):
            seen += follower.see(detections(box(x, rng.uniform(10, 170)), box(x))).ids.tolist()
    first = [seen.index(id_) for id_ in sorted(set(seen))]
    assert len(first) > 20
    assert first == sorted(first)


def test_arrays_agree(follower):
    for i in range(5):
        tracks = follower.see(detections(box(50 + i), box(150, 40)))
    assert tracks.boxes.shape == (2, 4)
    assert tracks.velocities.shape == (2, 2)
    for values in (tracks.ids, tracks.ages_us, tracks.scores, tracks.classes):
        assert values.shape == (2,)
    assert tracks.boxes.dtype == tracks.velocities.dtype == tracks.scores.dtype == np.float32
    assert tracks.ids.dtype == tracks.ages_us.dtype == tracks.classes.dtype == np.int64
    assert tracks.class_names == ("object",)


def test_no_detections_ever_give_no_tracks(follower):
    assert all(len(follower.see(detections())) == 0 for _ in range(5))


def test_thousands_of_detections_stay_bounded(scene):
    follower = Follower(scene.sensor, TrackingSettings(most_tracks=50))
    rng = np.random.default_rng(2)
    for _ in range(6):
        many = [box(*rng.uniform(0, 180, 2)) for _ in range(2_000)]
        assert len(follower.see(detections(*many))) <= 50


def test_slices_of_no_duration_do_no_harm(follower):
    for _ in range(5):
        tracks = follower.see(detections(box(50)), step_us=0)
    assert np.isfinite(tracks.boxes).all()
    assert np.isfinite(tracks.velocities).all()


def test_reset_starts_a_new_stream(follower):
    for _ in range(5):
        follower.see(detections(box(50)))
    follower.task.reset()
    follower.now_us = 0
    assert len(follower.see(detections(box(50)))) == 0
    for _ in range(2):
        tracks = follower.see(detections(box(50)))
    np.testing.assert_array_equal(tracks.ids, [1])


def test_another_kind_of_result_is_refused(follower, scene):
    slice_ = Slice(0, Events.empty(scene.sensor), 0, 10, "time")
    with pytest.raises(TypeError, match="needs Detections, got Tracks"):
        follower.task.step(slice_, {"detection": follower.see(detections())})


@pytest.mark.parametrize("noise_hz", [0.0, 1.0])
def test_shapes_are_followed_from_their_events(scene, mover, iou, noise_hz):
    shapes = [
        mover(centre=(30, 40), velocity=(200, 20)),
        mover(centre=(210, 130), velocity=(-150, -20), size=(24, 24)),
    ]
    until_us = 500_000
    events = scene.movers(shapes, until_us=until_us, noise_hz=noise_hz)
    detection, tracking = build_tasks(["tracking"], scene.sensor)
    ids, errors, fits = set(), [], []
    for slice_ in scene.slices(events, until_us=until_us):
        tracks = tracking.step(slice_, {"detection": detection.step(slice_, {})})
        ids |= set(tracks.ids.tolist())
        if slice_.t1_us <= 150_000:
            continue
        for shape in shapes:
            overlaps = [iou(found, shape.box(slice_.t1_us)) for found in tracks.boxes]
            fits.append(max(overlaps, default=0))
            errors.append(tracks.velocities[np.argmax(overlaps)] - shape.velocity)
    assert len(ids) == 2
    assert np.median(fits) > 0.7
    assert np.abs(np.median(errors, axis=0)).max() < 15
    assert np.percentile(np.abs(errors), 90) < 70


def test_the_same_stream_gives_the_same_tracks_bit_for_bit(scene, mover):
    shapes = [
        mover(centre=(30, 40), velocity=(200, 20)),
        mover(centre=(200, 120), velocity=(-90, 0)),
    ]
    slices = list(
        scene.slices(scene.movers(shapes, until_us=200_000, noise_hz=2), until_us=200_000)
    )
    runs = []
    for _ in range(2):
        detection, tracking = build_tasks(["tracking"], scene.sensor)
        runs.append([tracking.step(s, {"detection": detection.step(s, {})}) for s in slices])
    for one, other in zip(*runs, strict=True):
        assert one.boxes.tobytes() == other.boxes.tobytes()
        assert one.velocities.tobytes() == other.velocities.tobytes()
        np.testing.assert_array_equal(one.ids, other.ids)


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        (TrackingSettings, {"confirm_hits": 0}),
        (TrackingSettings, {"max_silence_us": -1}),
        (TrackingSettings, {"halting_us": 0}),
        (TrackingSettings, {"gate": float("nan")}),
        (Motion, {"acceleration_px_s2": 0.0}),
        (Motion, {"least_noise_px": -1.0}),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        settings(**wrong)


def of_classes(*rows: tuple[tuple[float, float, float, float], int]) -> Detections:
    found = detections(*(place for place, _ in rows))
    classes = np.array([class_ for _, class_ in rows], np.int64)
    return Detections(found.boxes, found.scores, classes, ("vehicle", "pedestrian"))


def test_a_detection_of_another_class_never_continues_a_track(follower):
    for _ in range(10):
        before = follower.see(of_classes((box(100), 0)))
    for _ in range(5):
        both = follower.see(of_classes((box(102), 1)))
    assert before.ids.tolist() == [1]
    assert dict(zip(both.ids.tolist(), both.classes.tolist(), strict=True))[2] == 1


def test_ids_survive_half_a_second_of_silence_while_another_class_passes(follower):
    step_us = 40_000
    for _ in range(10):
        before = follower.see(of_classes((box(100), 0)), step_us=step_us)
    for i in range(11):
        follower.see(of_classes((box(60 + 8 * i), 1)), step_us=step_us)
    after = follower.see(of_classes((box(101), 0), (box(148), 1)), step_us=step_us)
    assert before.ids.tolist() == [1]
    assert after.ids[after.classes == 0].tolist() == [1]
    assert after.ids[after.classes == 1].tolist() == [2]
