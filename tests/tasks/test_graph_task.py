"""An event graph as a task: read at slices, thinned out evenly, watched for alarms."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import (
    Alarm,
    ConfigError,
    Detections,
    Events,
    ModelError,
    SensorSize,
    Slice,
    load_card,
)
from eventvision.graph import GridSettings, RateGovernor
from eventvision.tasks import (
    Graph,
    GraphSettings,
    TaskForm,
    Watch,
    WatchSettings,
    build_tasks,
    parse_region,
    parse_task,
)
from eventvision.tasks._graph import _is_same, graph_settings
from eventvision.tasks._watch import watch_settings

SENSOR = SensorSize(346, 260)


def events_at_rate(rate_hz: float, duration_us: int, *, t0_us: int = 0) -> Events:
    random = np.random.default_rng(1)
    count = round(rate_hz * duration_us / 1e6)
    t = t0_us + np.sort(random.integers(0, duration_us, count))
    x, y = random.integers(0, 346, count), random.integers(0, 260, count)
    return Events.from_columns(t, x, y, random.random(count) < 0.5, sensor=SENSOR)


def slices_of(events: Events, every_us: int):
    for number, t0_us in enumerate(range(0, int(events.t[-1]) + 1, every_us)):
        yield Slice(
            number, events.between(t0_us, t0_us + every_us), t0_us, t0_us + every_us, "time"
        )


@pytest.mark.parametrize(("rate_hz", "share"), [(50_000, 1.0), (400_000, 0.5), (2_000_000, 0.1)])
def test_the_governor_holds_its_budget(rate_hz, share):
    governor = RateGovernor(200_000)
    governor.process(events_at_rate(rate_hz, 50_000))
    events = events_at_rate(rate_hz, 100_000, t0_us=50_000)
    left = governor.process(events)
    assert len(left) / len(events) == pytest.approx(share, rel=0.05)
    assert governor.left_out > 0 or share == 1


def test_the_governor_leaves_an_even_choice():
    events = events_at_rate(1_000_000, 200_000)
    left = RateGovernor(250_000).process(events)
    assert np.isin(left.t, events.t).all()
    for column, parts in ((left.x // 87, 4), (left.y // 65, 4), (left.t // 50_000, 4)):
        counts = np.bincount(column.astype(np.int64), minlength=parts)[1:parts]
        assert counts.min() > 0.85 * counts.max()


@pytest.mark.parametrize("size", [1, 333, 100_000])
def test_what_passes_the_governor_does_not_depend_on_packets(size):
    events = events_at_rate(800_000, 20_000)
    whole, parts = RateGovernor(100_000), RateGovernor(100_000)
    expected = whole.process(events)
    found = [
        parts.process(Events(events.data[i : i + size], SENSOR)).data
        for i in range(0, len(events), size)
    ]
    np.testing.assert_array_equal(np.concatenate(found), expected.data)
    assert parts.left_out == whole.left_out == len(events) - len(expected)


def test_a_budget_of_nothing_is_refused():
    with pytest.raises(ValueError, match="budget_hz"):
        RateGovernor(0)


def objects(*middles, score: float = 0.9) -> Detections:
    boxes = np.array([[x - 5, y - 5, 10, 10] for x, y in middles], np.float32).reshape(-1, 4)
    count = len(boxes)
    return Detections(boxes, np.full(count, score, np.float32), np.zeros(count, np.int64))


def empty_slice() -> Slice:
    return Slice(0, Events.empty(SENSOR), 0, 1, "time")


def test_an_alarm_lasts_while_something_is_in_the_region():
    watch = Watch(WatchSettings(region=(20, 30, 100, 80), least_score=0.5))
    story = [
        (objects(), 0, False),
        (objects((10, 40)), 0, False),
        (objects((20, 30), (200, 200)), 1, True),
        (objects((60, 60), (70, 70)), 2, False),
        (objects((60, 60), score=0.4), 0, False),
        (objects((119, 109)), 1, True),
        (objects((120, 109)), 0, False),
    ]
    for found, count, began in story:
        alarm = watch.step(empty_slice(), {"graph": found})
        assert isinstance(alarm, Alarm)
        assert (len(alarm.objects), alarm.began) == (count, began)
    assert watch.raised == 2


def test_an_alarm_looks_at_the_graph_if_there_is_one_else_at_clusters():
    tasks = build_tasks(["alarm:region=100x80+20+30"], SENSOR)
    assert [task.name for task in tasks] == ["detection", "alarm"]
    assert parse_task("alarm:region=1x1+0+0") == TaskForm("alarm", region="1x1+0+0")
    assert parse_task("graph:model=./mine") == TaskForm("graph", "./mine")


@pytest.mark.parametrize("text", ["alarm", "alarm:region=", "alarm:100x80"])
def test_an_alarm_without_a_region_is_refused(text):
    with pytest.raises(ConfigError, match="alarm:region="):
        parse_task(text)


@pytest.mark.parametrize("text", ["100x80", "100x80+1", "0x80+1+1", "100x80-1+1", "ax1+1+1"])
def test_regions_of_another_form_are_refused(text):
    with pytest.raises(ConfigError, match="region"):
        parse_region(text)


def test_other_models_are_refused():
    with pytest.raises(ModelError, match="no graph that detects"):
        Graph(SENSOR, load_card("digits-nano"))


@pytest.mark.parametrize(
    "settings", [{"every_us": -1}, {"budget_hz": 0}], ids=lambda s: next(iter(s))
)
def test_impossible_settings_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        GraphSettings(**settings)


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("graph", {}),
        ("graph:every=20ms", {"every_us": 20_000}),
        ("graph:on=change:budget=500k", {"on_change": True, "budget_hz": 500_000.0}),
        ("graph:on=slice", {"on_change": False}),
        ("graph:score=0.6:model=a=b:c", {"objects": GridSettings(least_score=0.6)}),
    ],
)
def test_settings_stand_behind_the_name_of_the_task(text, settings):
    assert graph_settings(parse_task(text)) == GraphSettings(**settings)


def test_a_models_name_may_hold_colons_beside_settings():
    form = parse_task("graph:budget=1k:model=a=b:c:every=5ms")
    assert (form.model, dict(form.settings)) == ("a=b:c", {"budget": "1k", "every": "5ms"})
    assert parse_task("graph:every=5ms").model == "graph-movers"


@pytest.mark.parametrize(
    "text",
    ["graph:every=5", "graph:budget=0", "graph:budget=many", "graph:on=always", "graph:score=2"],
)
def test_settings_of_another_form_are_refused(text):
    with pytest.raises(ConfigError, match=text.partition("=")[0]):
        graph_settings(parse_task(text))


@pytest.mark.parametrize("text", ["graph:speed=2", "graph:every=1ms:every=2ms", "depth:every=1ms"])
def test_settings_that_there_are_not_are_refused(text):
    with pytest.raises(ConfigError, match="tasks"):
        parse_task(text)


def test_an_alarm_has_a_score():
    form = parse_task("alarm:region=10x20+3+4:score=0.8")
    assert watch_settings(form, "graph") == WatchSettings(region=(3, 4, 10, 20), least_score=0.8)
    with pytest.raises(ConfigError, match="alarm:score"):
        watch_settings(parse_task("alarm:region=10x20+3+4:score=high"), "graph")


@pytest.mark.parametrize(
    ("found", "is_told"),
    [
        (objects((50, 50), (90, 90)), False),
        (objects((90, 90), (50, 50), score=0.5), False),
        (objects((51, 50), (90, 90)), False),
        (objects((55, 50), (90, 90)), True),
        (objects((50, 50)), True),
        (objects(), True),
    ],
)
def test_results_on_change_stay_until_something_moves_comes_or_goes(found, is_told):
    assert _is_same(found, objects((50, 50), (90, 90))) != is_told
