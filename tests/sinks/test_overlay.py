"""Pictures: what is drawn where, what is remembered, what is forgotten."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from eventvision.core import Detections, Segmentation, SensorSize
from eventvision.simulation import SEGMENTATION_CLASSES
from eventvision.sinks import OverlayState, class_colour, compose, number_colour, panels_for
from eventvision.sinks._palette import DETECTION, GROUND, OFF, ON

from .conftest import SENSOR, dense_results, detections, tracks

BOX = (10.0, 8.0, 12.0, 9.0)


def has_colour(picture: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool((picture == np.array(colour, np.uint8)).all(axis=-1).any())


def panel(picture: np.ndarray, state: OverlayState, index: int = 0) -> np.ndarray:
    left, top = state.layout.origin(index)
    return picture[top : top + state.layout.panel_h, left : left + state.layout.panel_w]


def test_an_event_is_one_square_in_the_colour_of_its_polarity(make_result):
    sensor = SensorSize(34, 34)
    state = OverlayState(sensor)
    result = make_result(0, sensor=sensor, events=1)
    state.update(result)
    shown = panel(compose(result, state), state)
    (x,), (y,), (on,) = result.slice.events.x, result.slice.events.y, result.slice.events.on
    zoom = int(state.layout.zoom)
    lit = (shown != np.array(GROUND)).any(axis=-1)
    expected = np.zeros_like(lit)
    expected[zoom * y : zoom * (y + 1), zoom * x : zoom * (x + 1)] = True
    np.testing.assert_array_equal(lit, expected)
    colour = shown[zoom * y, zoom * x].astype(int)
    near, far = (ON, OFF) if on else (OFF, ON)
    assert np.abs(colour - near).sum() < np.abs(colour - far).sum()


def test_events_fade_over_slices_and_go(make_result):
    state = OverlayState(SENSOR)
    state.update(make_result(0, events=50))
    strengths = []
    for index in range(1, 30):
        state.update(make_result(index, events=0))
        strengths.append(int(np.abs(state.events.cells.astype(int) - 128).sum()))
    assert strengths == sorted(strengths, reverse=True)
    assert strengths[0] > 0
    assert strengths[-1] == 0


def test_pictures_do_not_depend_on_when_the_clock_began(make_result):
    """A recording on a clock that starts at 1970 looks the same as one that starts at zero."""
    pictures = []
    for start_us in (0, 1_700_000_000_000_000):
        state = OverlayState(SENSOR)
        for index in range(3):
            result = make_result(index, start_us=start_us, events=0)
            state.update(result)
        pictures.append(compose(result, state))
    np.testing.assert_array_equal(*pictures)


def test_composing_changes_nothing(make_result):
    state = OverlayState(SENSOR, ("events", "image", "mask", "depth"))
    given = dense_results(SENSOR) | {"detection": detections(BOX), "tracking": tracks((5,), BOX)}
    for index in range(3):
        result = make_result(index, given)
        state.update(result)
    np.testing.assert_array_equal(compose(result, state), compose(result, state))


def test_a_box_is_drawn_on_its_outermost_pixels(make_result):
    state = OverlayState(SENSOR)
    found = replace(detections(BOX), class_names=("object",))
    result = make_result(0, {"detection": found}, events=0)
    state.update(result)
    drawn = (panel(compose(result, state), state) == np.array(DETECTION)).all(axis=-1)
    rows, columns = np.nonzero(drawn)
    x, y, w, h = (round(value * state.layout.zoom) for value in BOX)
    assert (columns.min(), columns.max()) == (x, x + w - 1)
    assert (rows.min(), rows.max()) == (y, y + h - 1)
    assert not drawn[y + 1 : y + h - 1, x + 1 : x + w - 1].any()


def test_boxes_of_several_classes_have_the_colour_and_the_label_of_their_class(make_result):
    state = OverlayState(SENSOR)
    result = make_result(0, {"detection": detections(BOX, (25.0, 20.0, 6.0, 6.0))}, events=0)
    state.update(result)
    shown = panel(compose(result, state), state)
    for class_, name in enumerate(("car", "person")):
        inked = (shown == np.array(class_colour(name, class_))).all(axis=-1)
        assert inked.all(axis=1).any() or inked.sum() > 17 * 20  # a label is a filled rectangle
    assert not has_colour(shown, DETECTION)


@pytest.mark.parametrize(
    ("names", "tinted"), [(("background", "car"), [False, True]), (("sky", "road"), [True, True])]
)
def test_every_class_but_the_background_is_tinted_and_in_the_legend(make_result, names, tinted):
    mask = np.zeros(SENSOR.shape, np.uint8)
    mask[:, 20:] = 1
    state = OverlayState(SENSOR, ("mask",))
    result = make_result(0, {"segmentation": Segmentation(mask, names)}, events=0)
    state.update(result)
    picture = compose(result, state)
    shown = panel(picture, state)
    sides = shown[100, 100], shown[100, -100]
    assert [bool((side != np.array(GROUND)).any()) for side in sides] == tinted
    title = picture[: state.layout.title_h]
    colours = [class_colour(name, class_) for class_, name in enumerate(names)]
    assert [has_colour(title, colour) for colour in colours] == tinted


@pytest.mark.parametrize("size", ["34x34", "128x128", "240x180", "346x260", "640x480", "1280x720"])
def test_the_legend_names_all_classes_of_a_street_beside_three_other_panels(make_result, size):
    sensor = SensorSize.parse(size)
    mask = np.zeros(sensor.shape, np.uint8)
    state = OverlayState(sensor, ("events", "image", "mask", "depth"))
    given = {"segmentation": Segmentation(mask, SEGMENTATION_CLASSES)}
    result = make_result(0, given, sensor=sensor, events=0)
    state.update(result)
    picture, layout = compose(result, state), state.layout
    left, top = layout.origin(2)
    title = picture[top - layout.title_h : top, left : left + layout.panel_w]
    for class_, name in enumerate(SEGMENTATION_CLASSES):
        assert has_colour(title, class_colour(name, class_)), name


def test_the_box_of_a_track_lies_around_the_object_and_hides_nothing_of_it(make_result):
    state = OverlayState(SENSOR)
    result = make_result(0, {"tracking": tracks((5,), BOX)}, events=0)
    state.update(result)
    shown = panel(compose(result, state), state)
    x, y, w, h = (round(value * state.layout.zoom) for value in BOX)
    colour = np.array(number_colour(5))
    assert (shown[y - 1, x - 1 : x + w + 1] == colour).all()
    assert (shown[y + h, x - 1 : x + w + 1] == colour).all()
    assert (shown[y - 1 : y + h + 1, x - 1] == colour).all()
    assert (shown[y - 1 : y + h + 1, x + w] == colour).all()
    inside = (shown[y : y + h, x : x + w] == colour).all(axis=-1)
    assert inside.sum() < 20  # the trail's first dot


@pytest.mark.parametrize(
    "box",
    [
        (-20.0, -20.0, 80.0, 80.0),
        (38.0, 28.0, 50.0, 50.0),
        (-500.0, 5.0, 3.0, 3.0),
        (5.0, 5.0, 0.0, 0.0),
        (0.0, 0.0, 40.0, 30.0),
    ],
)
def test_boxes_beyond_the_sensor_stay_within_their_panel(make_result, box):
    state = OverlayState(SENSOR, ("events", "image"))
    plain = make_result(0, events=0)
    state.update(plain)
    before = compose(plain, state)
    boxed = make_result(1, {"tracking": tracks((5,), box)}, events=0)
    state.update(boxed)
    after = compose(boxed, state)
    outside = np.ones(after.shape[:2], bool)
    for index in range(2):
        panel(outside, state, index)[:] = False
    outside[-state.layout.footer_h :] = False
    np.testing.assert_array_equal(after[outside], before[outside])


def test_a_detector_that_finds_nothing_takes_the_boxes_away(make_result):
    state = OverlayState(SENSOR)
    state.update(make_result(0, {"detection": detections(BOX)}, events=0))
    nothing = Detections(np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, int))
    result = make_result(1, {"detection": nothing}, events=0)
    state.update(result)
    assert not has_colour(panel(compose(result, state), state), DETECTION)


def test_a_task_that_skips_a_slice_keeps_its_picture(make_result):
    state = OverlayState(SENSOR, ("events", "image"))
    first = make_result(0, dense_results(SENSOR), events=0)
    state.update(first)
    shown = panel(compose(first, state), state, 1).copy()
    second = make_result(1, events=0)
    state.update(second)
    np.testing.assert_array_equal(panel(compose(second, state), state, 1), shown)


def test_a_trail_follows_the_centre_for_a_second_and_ends_with_it(make_result):
    state = OverlayState(SENSOR)
    for index in range(300):
        x = 2 + index / 10
        state.update(make_result(index, {"tracking": tracks((5,), (x, 8, 4, 4))}, events=0))
    ((id_, path),) = state.trails.paths(now_us=4_000_000)
    assert id_ == 5
    assert path[-1] == pytest.approx((0, x + 2, 10))
    assert path[0] == pytest.approx((1, x + 2 - 10, 10), abs=0.5)
    assert len(path) < 60
    for index in range(300, 402):
        state.update(make_result(index, {"tracking": tracks(())}, events=0))
    assert list(state.trails.paths(now_us=5_020_000)) == []


def test_the_trail_of_a_lost_track_grows_paler(make_result):
    brightest = []
    state = OverlayState(SENSOR)
    for index in range(100):
        lost = index >= 30
        followed = tracks(()) if lost else tracks((5,), (2 + index, 8, 4, 4))
        result = make_result(index, {"tracking": followed}, events=0)
        state.update(result)
        if lost:
            brightest.append(int(panel(compose(result, state), state).max()))
    assert brightest == sorted(brightest, reverse=True)
    assert brightest[-1] < 0.5 * brightest[0]


def test_labels_do_not_cover_one_another(make_result):
    state = OverlayState(SENSOR)
    boxes = [(10.0, 8.0, 12.0, 9.0), (10.0, 8.0, 12.0, 9.0), (11.0, 8.0, 12.0, 9.0)]
    result = make_result(0, {"tracking": tracks((1, 2, 3), *boxes)}, events=0)
    state.update(result)
    shown = panel(compose(result, state), state)
    areas = [int((shown == np.array(number_colour(id_))).all(axis=-1).sum()) for id_ in (1, 2, 3)]
    assert min(areas) > 300


def test_slices_of_another_sensor_are_refused(make_result):
    with pytest.raises(ValueError, match="expected slices of 34x34, got 40x30"):
        OverlayState(SensorSize(34, 34)).update(make_result())


@pytest.mark.parametrize("panels", [(), ("events", "sound")])
def test_unknown_panels_are_refused(panels):
    with pytest.raises(ValueError, match="panels must be some of events, image, mask, depth"):
        OverlayState(SENSOR, panels)


def test_panels_follow_from_what_tasks_give(make_result):
    assert panels_for(make_result()) == ("events",)
    assert panels_for(make_result(0, {"tracking": tracks(())})) == ("events",)
    everything = make_result(0, dense_results(SENSOR))
    assert panels_for(everything) == ("events", "image", "mask", "depth")


def test_near_is_red_and_far_is_blue(make_result):
    state = OverlayState(SENSOR, ("depth",))
    result = make_result(0, dense_results(SENSOR), events=0)
    state.update(result)
    shown = panel(compose(result, state), state).astype(int)
    near, far = shown[3, 3], shown[-3, -3]
    assert near[2] > near[0]
    assert far[0] > far[2]


def test_the_room_is_imported_without_its_heavy_parts():
    script = "import sys, eventvision.sinks; print(*({'av', 'cv2', 'numba'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout.strip() == b""
