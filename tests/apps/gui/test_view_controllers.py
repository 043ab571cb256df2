"""What views show is changed without a window."""

from __future__ import annotations

import pytest
from eventvision_apps.gui.controllers.problems import MOST_PROBLEMS, Problems
from eventvision_apps.gui.controllers.views import LONGEST_US, MOST_ZOOM, SHORTEST_US, Views
from eventvision_apps.gui.geometry import Mapping, moved, zoomed
from eventvision_apps.gui.state import AppState, Viewport

from eventvision.core import SensorSize

SENSOR = SensorSize(200, 100)


@pytest.fixture
def state() -> AppState:
    return AppState()


@pytest.fixture
def views(state) -> Views:
    return Views(state)


def test_added_views_show_what_is_not_seen_yet(state, views):
    views.set_count(4)
    bases = [view.base for view in state.views.value.views]
    assert len(bases) == len(set(bases)) == 4
    assert len(state.views.value.viewports) == 4


@pytest.mark.parametrize(("asked", "got"), [(0, 1), (1, 1), (3, 3), (4, 4), (9, 4)])
def test_there_are_one_to_four_views(state, views, asked, got):
    views.set_count(asked)
    assert len(state.views.value.views) == got


def test_the_active_view_stays_one_that_exists(state, views):
    views.set_count(4)
    views.activate(3)
    views.set_count(2)
    assert state.views.value.active == 1
    views.activate(7)
    assert state.views.value.active == 1


def test_a_setting_is_changed_in_the_active_view_only(state, views):
    views.set_count(2)
    views.activate(1)
    views.set_base("depth")
    assert [view.base for view in state.views.value.views] == ["ground", "depth"]


def test_palette_and_accumulation_are_the_same_in_all_views(state, views):
    views.set_count(3)
    views.set_palette("gray")
    views.set_accumulation(5_000)
    assert {(v.palette, v.accumulation_us) for v in state.views.value.views} == {("gray", 5_000)}


@pytest.mark.parametrize(
    ("start_us", "steps", "end_us"),
    [
        (10_000, 1, 20_000),
        (10_000, -1, 5_000),
        (10_000, 2, 33_000),
        (12_345, 1, 20_000),
        (12_345, -1, 10_000),
        (LONGEST_US, 1, LONGEST_US),
        (SHORTEST_US, -3, SHORTEST_US),
    ],
)
def test_plus_and_minus_step_through_the_usual_times(views, start_us, steps, end_us):
    views.set_accumulation(start_us)
    views.lengthen(steps)
    assert views.active.accumulation_us == end_us


def test_the_overlay_goes_and_comes_as_a_whole(views):
    views.toggle_overlay()
    off = views.active
    assert not (off.boxes)
    assert not (off.labels)
    assert not (off.trails)
    assert not (off.regions)
    views.toggle_overlay()
    on = views.active
    assert on.boxes
    assert on.labels
    assert on.trails
    assert on.regions


def test_linked_views_look_at_the_same_place(state, views):
    views.set_count(2)
    views.look(Viewport(x=0.4, y=0.6, zoom=3.0), 1)
    assert len(set(state.views.value.viewports)) == 1
    views.set_linked(linked=False)
    views.look(Viewport(zoom=2.0), 0)
    assert [place.zoom for place in state.views.value.viewports] == [2.0, 3.0]


@pytest.mark.parametrize(
    ("asked", "got"),
    [
        (Viewport(x=-1.0, y=2.0, zoom=2.0), Viewport(x=0.25, y=0.75, zoom=2.0)),
        (Viewport(x=0.1, y=0.1, zoom=0.2), Viewport()),
        (Viewport(zoom=1e9), Viewport(zoom=MOST_ZOOM)),
    ],
)
def test_one_cannot_look_beside_the_sensor(state, views, asked, got):
    views.look(asked)
    assert state.views.value.viewports[0] == got


def test_places_map_there_and_back():
    mapping = Mapping.of(SENSOR, 640, 480, Viewport(x=0.3, y=0.7, zoom=2.5))
    for place in ((0.0, 0.0), (120.5, 33.25), (200.0, 100.0)):
        assert mapping.to_sensor(*mapping.to_view(*place)) == pytest.approx(place)


def test_a_sensor_fits_its_view():
    mapping = Mapping.of(SENSOR, 400, 400, Viewport())
    assert (mapping.scale, mapping.left, mapping.top) == (2.0, 0.0, 100.0)


def test_zooming_keeps_the_place_under_the_pointer():
    size, at = (400.0, 300.0), (310.0, 120.0)
    before = Viewport(x=0.5, y=0.5, zoom=2.0)
    place = Mapping.of(SENSOR, *size, before).to_sensor(*at)
    after = zoomed(SENSOR, size, before, 1.5, at)
    assert after.zoom == pytest.approx(3.0)
    assert Mapping.of(SENSOR, *size, after).to_view(*place) == pytest.approx(at)


def test_dragging_moves_the_place_along():
    size, by = (400.0, 300.0), (40.0, -25.0)
    before = Viewport(x=0.5, y=0.5, zoom=4.0)
    place = Mapping.of(SENSOR, *size, before).to_sensor(200, 150)
    after = moved(SENSOR, size, before, by)
    there = Mapping.of(SENSOR, *size, after).to_view(*place)
    assert there == pytest.approx((240.0, 125.0))


def test_the_same_problem_is_told_once(state):
    problems = Problems(state)
    problems.add("source", "the file is gone")
    problems.add("source", "the file is gone")
    problems.add("device", "slow", "warning")
    assert [p.text for p in state.problems.value] == ["the file is gone", "slow"]


def test_problems_are_bounded_and_can_be_dismissed(state):
    problems = Problems(state)
    for number in range(MOST_PROBLEMS + 5):
        problems.add("source", f"problem {number}")
    assert len(state.problems.value) == MOST_PROBLEMS
    problems.dismiss(state.problems.value[-1])
    assert state.problems.value[-1].text == f"problem {MOST_PROBLEMS + 3}"
    problems.add("device", "gone")
    problems.clear("source")
    assert [p.text for p in state.problems.value] == ["gone"]
    problems.clear()
    assert state.problems.value == ()
