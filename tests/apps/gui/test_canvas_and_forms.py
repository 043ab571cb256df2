"""What is drawn for each base; filters as sliders write them."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from eventvision_apps.gui.canvas import Canvas, Overlay
from eventvision_apps.gui.filter_forms import FILTERS, form_of
from eventvision_apps.gui.legend import legend_of
from eventvision_apps.gui.palettes import PALETTES, colour_of_bgr, ramps, weights
from eventvision_apps.gui.probe import Probe
from eventvision_apps.gui.renderer import Renderer
from eventvision_apps.gui.slicer_forms import SLICERS, slicer_form
from eventvision_apps.gui.state import PipelinePart, TaskSetting, ViewSettings
from eventvision_apps.gui.words import BASE_HINTS, BASE_NAMES, TASK_NAMES

from eventvision.core import (
    Counts,
    Depth,
    Detections,
    Events,
    Frame,
    Image,
    Segmentation,
    SensorSize,
    Slice,
    SliceResult,
    Tracks,
)
from eventvision.filters import FILTER_FORMS, parse_filters
from eventvision.sinks import class_colour
from eventvision.slicing import SLICER_FORMS, parse_slicer
from eventvision.tasks import TASK_NAMES as ALL_TASKS

SENSOR = SensorSize(6, 4)
NOW_US = 20_000
NONE = np.empty(0, np.int64)
NOBODY = Detections(np.empty((0, 4), np.float32), np.empty(0, np.float32), NONE)
FOLLOWED = Tracks(NONE, NOBODY.boxes, np.empty((0, 2), np.float32), NONE, NOBODY.scores, NONE)


def result(results=None, frames=()) -> SliceResult:
    t = np.array([5_000, 15_000, 19_000])
    events = Events.from_columns(t, [0, 1, 2], [0, 1, 2], [0, 1, 0], sensor=SENSOR)
    return SliceResult(Slice(0, events, 0, NOW_US, "time", frames=tuple(frames)), results or {})


def drawn(canvas: Canvas, **settings) -> np.ndarray:
    out = np.empty(SENSOR.shape, np.uint32)
    canvas.draw(replace(ViewSettings(), **settings), NOW_US, out)
    return out


@pytest.fixture
def canvas() -> Canvas:
    canvas = Canvas(SENSOR)
    canvas.enter(result().slice.events.data)
    canvas.take(result())
    return canvas


@pytest.mark.parametrize("palette", PALETTES)
def test_events_of_the_accumulation_time_are_seen_on_the_ground(canvas, palette):
    picture = drawn(canvas, palette=palette, fades=False, accumulation_us=10_000)
    colours = PALETTES[palette]
    assert picture[1, 1] == colours.on
    assert picture[2, 2] == colours.off
    assert (picture == colours.ground).sum() == 22


def test_a_longer_accumulation_shows_more(canvas):
    assert (drawn(canvas, accumulation_us=1_500) != PALETTES["dark"].ground).sum() == 1
    assert (drawn(canvas, accumulation_us=100_000) != PALETTES["dark"].ground).sum() == 3


def test_without_events_only_the_base_is_seen(canvas):
    assert (drawn(canvas, events=False) == PALETTES["dark"].ground).all()


@pytest.mark.parametrize("base", BASE_HINTS)
def test_a_base_that_is_not_there_yet_is_the_ground(canvas, base):
    np.testing.assert_array_equal(drawn(canvas, base=base), drawn(canvas))
    assert base not in canvas.overlay().bases


GREY = np.full(SENSOR.shape, 0.5, np.float32)
GIVEN = {
    "reconstruction": result({"reconstruction": Image(GREY)}),
    "depth": result({"depth": Depth(GREY + 1, GREY * 2, metric=True)}),
    "segmentation": result(
        {"segmentation": Segmentation(np.ones(SENSOR.shape, np.uint8), ("a", "b"))}
    ),
    "frame": result(frames=[Frame(0, 0, np.full((2, 3), 200, np.uint8), x=1, y=1)]),
}


@pytest.mark.parametrize("base", GIVEN)
def test_a_base_lies_under_the_events(canvas, base):
    canvas.take(GIVEN[base])
    picture = drawn(canvas, base=base, events=False)
    assert base in canvas.overlay().bases
    assert picture[1, 2] != PALETTES["dark"].ground
    covered = drawn(canvas, base=base, fades=False)
    assert covered[1, 1] == PALETTES["dark"].on
    assert covered[1, 2] == picture[1, 2]


def test_a_frame_lies_where_it_is_on_the_sensor(canvas):
    canvas.take(GIVEN["frame"])
    picture = drawn(canvas, base="frame", events=False)
    assert (picture == 0xFFC8C8C8).sum() == 6
    assert (picture[1:3, 1:4] == 0xFFC8C8C8).all()


def test_depth_is_told_by_pixel(canvas):
    assert canvas.depth_at(1, 1) == (None, False)
    canvas.take(GIVEN["depth"])
    assert canvas.depth_at(1, 1) == (1.5, True)
    assert canvas.depth_at(60, 1) == (None, False)


def test_a_time_surface_reaches_further_back(canvas):
    ground = drawn(canvas, base="surface")[3, 5]
    assert (drawn(canvas, base="surface") != ground).sum() == 3


def test_events_fade_with_age():
    share = weights(fades=True)
    assert share[0] == 256
    assert (np.diff(share.astype(int)) <= 0).all()
    assert (weights(fades=False) == 256).all()
    assert ramps("dark", fades=True)[1, 0] == PALETTES["dark"].on


def test_the_rate_of_a_pixel_follows_its_events():
    probe = Probe()
    t = np.arange(0, 1_000_000, 100)
    steady = Events.from_columns(t, t * 0 + 3, t * 0 + 2, t % 2, sensor=SENSOR)
    for start in range(0, t.size, 100):
        probe.take(steady.data[start : start + 100], 10_000, 3, 2)
    assert probe.rate_hz == pytest.approx(10_000 / 9, rel=0.05)
    probe.take(steady.data[:100], 10_000, 0, 0)
    assert probe.rate_hz == 0


def test_the_renderer_gives_way_to_what_is_newest_and_ends():
    renderer = Renderer()
    renderer.deliver(result())
    shown = None
    give_up_s = time.monotonic() + 120
    while shown is None and time.monotonic() < give_up_s:
        shown = renderer.take()
        time.sleep(0.005)
    assert shown.now_us == NOW_US
    assert [each.t1_us for each in renderer.recent()] == [NOW_US]
    assert len(renderer.take_entries()) == 1
    assert renderer.take_entries() == []
    assert renderer.show_again(0)
    assert not renderer.show_again(1)
    renderer.quit()


def test_every_filter_and_slicer_of_the_library_is_offered():
    assert {form.name for form in FILTERS} == set(FILTER_FORMS)
    assert {form.name for form in SLICERS} == set(SLICER_FORMS)


def test_every_task_of_the_library_is_offered():
    assert {task.name for task in PipelinePart().tasks} == set(ALL_TASKS) == set(TASK_NAMES)


def test_every_base_has_a_name():
    assert set(BASE_HINTS) < set(BASE_NAMES)


@pytest.mark.parametrize("form", FILTERS, ids=lambda form: form.name)
def test_filters_begin_with_settings_that_work(form):
    (built,) = parse_filters(form.text(form.first(SensorSize(346, 260))), SensorSize(346, 260))
    assert built is not None


@pytest.mark.parametrize(
    "form", [form for form in FILTERS if form.range], ids=lambda form: form.name
)
def test_a_slider_writes_what_it_reads(form):
    for value in (form.range.least, form.range.usual, form.range.most):
        text = form.text(form.setting(value))
        assert form_of(text).value(text.partition(":")[2]) == pytest.approx(value)
        parse_filters(text, SensorSize(346, 260))
    assert form.value("") == form.range.usual
    assert form.value("nonsense") == form.range.usual


@pytest.mark.parametrize("form", SLICERS[:3], ids=lambda form: form.name)
def test_slicers_begin_with_settings_that_work(form):
    assert parse_slicer(form.text(form.usual), SENSOR) is not None
    assert slicer_form(form.text(form.usual)) is form


def test_an_unknown_filter_is_all_text():
    assert form_of("mine:3").range is None


def test_regions_are_those_of_tasks_that_are_on():
    watch = TaskSetting(name="alarm", on=True, method="region=30x20+5+6:score=0.4")
    part = PipelinePart(tasks=(watch,))
    assert part.regions == ((5, 6, 30, 20),)
    assert PipelinePart(tasks=(replace(watch, on=False),)).regions == ()


def test_what_a_task_that_is_off_said_last_is_over():
    said = Overlay(detections=NOBODY, tracks=FOLLOWED, counts=Counts((), ()))
    part = PipelinePart(tasks=(TaskSetting(name="tracking", on=True), TaskSetting(name="counting")))
    seen = said.of_tasks(part.on)
    assert part.on == {"tracking", "detection"}
    assert seen.detections is NOBODY
    assert seen.tracks is FOLLOWED
    assert seen.counts is None
    assert said.of_tasks(()).tracks is None


def test_the_legend_has_the_colours_that_classes_have_everywhere():
    names = ("sky", "building", "person")
    settings = ViewSettings(base="segmentation", events=False)
    entries = legend_of(settings, Overlay(classes=names)).entries
    assert entries == tuple(
        (colour_of_bgr(class_colour(name, number)), name) for number, name in enumerate(names)
    )
