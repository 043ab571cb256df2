"""Lines and zones: what counts, which way, how fast, how long."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import ConfigError, Events, SensorSize, Slice, Tracks
from eventvision.tasks import Counting, CountingSettings, Ground, build_tasks, load_ground
from eventvision.tasks import parse_gates as gates

SENSOR = SensorSize(200, 100)
STEP_US = 10_000
UPWARDS = "line=100x100-100x0"


def tracks(at):
    """Return tracks of 10x10 boxes; `at` maps ids to middles and velocities."""
    places = np.array([place for place, _ in at.values()], np.float32).reshape(-1, 2)
    count = len(at)
    return Tracks(
        np.array(list(at), np.int64),
        np.hstack([places - 5, np.full((count, 2), 10, np.float32)]),
        np.array([velocity for _, velocity in at.values()], np.float32).reshape(-1, 2),
        np.zeros(count, np.int64),
        np.ones(count, np.float32),
        np.zeros(count, np.int64),
    )


def run(counting, steps):
    """Let tracks be at places, one slice after the other; return all counts."""
    results = []
    for index, at in enumerate(steps):
        t0_us = index * STEP_US
        slice_ = Slice(index, Events.empty(SENSOR), t0_us, t0_us + STEP_US, "time")
        known = {id_: (place, (0.0, 0.0)) for id_, place in at.items()}
        results.append(counting.step(slice_, {"tracking": tracks(known)}))
    return results


def path(*places):
    return [{1: place} for place in places]


def totals(results):
    return [(line.forward, line.backward) for line in results[-1].lines]


CROSSINGS = [
    ("from the left, forward", path((80, 50), (95, 50), (110, 50)), (1, 0)),
    ("from the right, backward", path((120, 50), (90, 50)), (0, 1)),
    ("there and back", path((90, 50), (110, 50), (90, 50)), (1, 1)),
    ("ends exactly on the line, then goes on", path((90, 50), (100, 50), (110, 50)), (1, 0)),
    (
        "trembles on the line",
        path((90, 50), (100.4, 50), (99.6, 50), (100.4, 50), (110, 50)),
        (1, 0),
    ),
    ("trembles and goes back", path((90, 50), (100.4, 50), (99.6, 50), (90, 50)), (0, 0)),
    ("begins on the line", path((100, 50), (110, 50)), (0, 0)),
    ("far in one slice", path((5, 50), (195, 50)), (1, 0)),
    ("stays on one side", path((80, 50), (99, 50), (80, 50)), (0, 0)),
    ("unseen while it crosses", [{1: (90, 50)}, {}, {}, {1: (110, 50)}], (1, 0)),
    ("another object", [{1: (90, 50)}, {2: (110, 50)}], (0, 0)),
]


@pytest.mark.parametrize(
    ("steps", "expected"), [c[1:] for c in CROSSINGS], ids=[c[0] for c in CROSSINGS]
)
def test_an_object_crosses_a_line_when_it_is_clearly_on_the_other_side(steps, expected):
    assert totals(run(Counting(gates(UPWARDS)), steps)) == [expected]


def test_who_goes_around_the_end_of_a_line_has_not_crossed_it():
    short = Counting(gates("line=100x60-100x40"))
    around = path((90, 50), (90, 10), (110, 10), (110, 50))
    assert totals(run(short, around)) == [(0, 0)]
    assert totals(run(short, path((90, 10), (110, 90)))) == [(1, 0)]


def test_a_line_drawn_the_other_way_counts_the_other_way():
    steps = path((90, 50), (110, 50))
    assert totals(run(Counting(gates("line=100x0-100x100")), steps)) == [(0, 1)]
    assert totals(run(Counting(gates("line=0x50-200x50")), path((50, 40), (50, 60)))) == [(1, 0)]


def test_a_passage_tells_when_where_and_which_way():
    results = run(Counting(gates("line=100x100-100x0@door")), path((90, 40), (110, 60)))
    (passage,) = results[-1].passages
    assert (passage.gate, passage.way, passage.id) == ("door", "forward", 1)
    assert (passage.x_px, passage.y_px, passage.at_us) == (100, 50, STEP_US + STEP_US // 2)
    assert results[0].passages == ()


def test_many_objects_are_counted_each_for_itself():
    random = np.random.default_rng(1)
    goes = random.random(300) < 0.4
    starts = random.uniform((0, 5), (90, 95), (300, 2))
    ends = np.where(goes[:, None], starts + np.array([105, 0]), starts)
    steps = [dict(enumerate(map(tuple, places))) for places in (starts, ends)]
    assert totals(run(Counting(gates(UPWARDS)), steps)) == [(int(goes.sum()), 0)]


def test_a_zone_tells_who_is_inside_and_how_long_they_stayed():
    inside, outside = (50, 50), (150, 50)
    steps = [{1: outside}, {1: inside, 2: inside}, {1: inside, 2: outside}, {1: inside}]
    results = run(Counting(gates("zone=60x60+20+20@desk")), steps)
    told = [(r.zones[0].inside, r.zones[0].entered, r.zones[0].dwell_us) for r in results]
    assert told == [(0, 0, 0), (2, 2, 0), (1, 2, STEP_US), (1, 2, STEP_US)]
    assert results[-1].zones[0].longest_us == 2 * STEP_US
    ways = [(p.way, p.id, p.dwell_us) for r in results for p in r.passages]
    assert ways == [("in", 1, None), ("in", 2, None), ("out", 2, STEP_US)]


def test_who_vanishes_inside_a_zone_left_it_when_it_was_seen_last():
    counting = Counting(gates("zone=60x60+20+20"), settings=CountingSettings(forget_us=3 * STEP_US))
    results = run(counting, [{1: (50, 50)}, {1: (50, 50)}, {}, {}, {}, {}, {}])
    assert [r.zones[0].inside for r in results] == [1, 1, 1, 1, 1, 0, 0]
    assert results[-1].zones[0].dwell_us == STEP_US
    assert not counting._seen


@pytest.mark.parametrize(
    ("place", "is_inside"),
    [((50, 30), True), ((30, 21), False), ((50, 85), False), ((70, 21), False), ((52, 70), True)],
)
def test_a_zone_may_have_any_shape(place, is_inside):
    (result,) = run(Counting(gates("zone=20x20-50x80-90x20-50x25")), [{1: place}])
    assert result.zones[0].inside == is_inside


def test_memory_does_not_grow_with_the_objects_that_have_passed():
    counting = Counting(gates(f"{UPWARDS};zone=60x60+20+20"))
    run(counting, [{n: (50, 50)} for n in range(500)])
    assert len(counting._seen) < 150
    assert len(counting._lines[0].clear) < 150


def test_resetting_starts_over():
    counting = Counting(gates(UPWARDS))
    run(counting, path((90, 50), (110, 50)))
    counting.reset()
    assert totals(run(counting, path((110, 50), (110, 50)))) == [(0, 0)]


PIXELS = [[20, 90], [180, 90], [130, 20], [70, 20]]
METRES = [[0, 0], [4, 0], [4, 12], [0, 12]]


def test_the_ground_puts_known_points_where_they_are():
    ground = Ground.through(np.array(PIXELS, float), np.array(METRES, float))
    assert np.allclose(ground.places_m(np.array(PIXELS, float)), METRES)


def test_speeds_on_the_ground_are_those_of_the_places():
    ground = Ground.through(np.array(PIXELS, float), np.array(METRES, float))
    place, velocity = np.array([90.0, 60.0]), np.array([40.0, -25.0])
    moved = ground.places_m(np.array([place - 1e-4 * velocity, place + 1e-4 * velocity]))
    expected = np.hypot(*(moved[1] - moved[0])) / 2e-4
    assert ground.speed_m_s(place, velocity) == pytest.approx(expected, rel=1e-4)


def test_with_a_ground_objects_stand_on_the_lower_edge_of_their_box(tmp_path):
    file = tmp_path / "ground.toml"
    file.write_text("pixels = [[0, 0], [200, 0], [200, 100], [0, 100]]\n"
                    "metres = [[0, 0], [20, 0], [20, 10], [0, 10]]\n")  # fmt: skip
    (counting,) = [
        task
        for task in build_tasks([f"counting:line=0x50-200x50;ground={file}"], SENSOR)
        if task.name == "counting"
    ]
    slices = [Slice(i, Events.empty(SENSOR), i, i + 1, "time") for i in range(2)]
    for slice_, y in zip(slices, (40, 47), strict=True):
        given = {"tracking": tracks({1: ((30, y), (0.0, 70.0))})}
        result = counting.step(slice_, given)
    (passage,) = result.passages
    assert passage.speed_m_s == pytest.approx(7.0, rel=1e-4)


BAD_GROUNDS = [
    ("pixels = [[0, 0]]\nmetres = [[0, 0]]", "4 to 1000 points"),
    (
        "pixels = [[0, 0], [1, 1], [2, 2], [3, 3]]\nmetres = [[0, 0], [1, 0], [2, 0], [3, 0]]",
        "line",
    ),
    ("pixels = [[0, 0], [1, 0], [1, 1], [0, 1]]", "metres"),
    ("pixels = 3\nmetres = 3", "as many points"),
    ("pixels = [[0, 0], [1]]\nmetres = 1", "TOML"),
    ("nonsense", "TOML"),
]


@pytest.mark.parametrize(("text", "told"), BAD_GROUNDS)
def test_a_ground_that_cannot_be_used_is_told(tmp_path, text, told):
    (tmp_path / "ground.toml").write_text(text)
    with pytest.raises(ConfigError, match=told):
        load_ground(tmp_path / "ground.toml")


BAD_GATES = [
    "", ";", "line", "line=", "line=1x2", "line=1x2-1x2", "line=1x2-3x4-5x6", "line=ax2-3x4",
    "zone=1x1-2x2", "zone=0x5+1+1", "gate=1x1-2x2", "line=1x2-3x4@a/b", "ground=a.toml",
    "line=1x2-3x4@a;zone=3x3+1+1@a", "line=-1x2-3x4", "line=1e9x2-3x4",
]  # fmt: skip


@pytest.mark.parametrize("text", BAD_GATES)
def test_what_is_no_gate_is_refused(text):
    with pytest.raises(ConfigError, match="counting"):
        gates(text)


def test_names_are_given_where_none_are():
    found = gates("line=1x2-3x4; zone=3x3+1+1@desk ;line=5x5-6x6;")
    assert [gate.name for gate in (*found.lines, *found.zones)] == ["line1", "line2", "desk"]


def test_counting_brings_along_what_it_needs():
    names = [task.name for task in build_tasks([f"counting:{UPWARDS}"], SENSOR)]
    assert names == ["detection", "tracking", "counting"]
