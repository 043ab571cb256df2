"""Who an event's neighbours are: distance, order, queues, horizon, ties."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import Events, SensorSize
from eventvision.graph import Edges, GraphRules, Head, reference_neighbours

SENSOR = SensorSize(9, 7)


def events_at(*rows):
    t, x, y = zip(*rows, strict=True)
    return Events.from_columns(t, x, y, np.ones(len(t)), sensor=SENSOR)


def neighbours_of_last(rules: GraphRules, *rows) -> list[int]:
    edges = Edges.of(rules, events_at(*rows))
    return edges.sources[-1, : edges.counts[-1]].tolist()


@pytest.mark.parametrize(("radius", "seen"), [(1, 5), (2, 13), (3, 29), (7, 149)], ids=str)
def test_an_event_sees_a_disc(radius, seen):
    assert len(GraphRules(radius_px=radius).offsets()) == seen


@pytest.mark.parametrize(
    ("settings", "rows", "expected"),
    [
        ({}, [(0, 4, 3)], []),
        ({}, [(0, 4, 3), (0, 4, 3)], [0]),
        ({}, [(0, 4, 3), (0, 4, 3), (0, 4, 3)], [1]),
        ({"depth": 2}, [(0, 4, 3), (0, 4, 3), (0, 4, 3)], [1, 0]),
        ({"depth": 2}, [(0, 4, 3)] * 4, [2, 1]),
        ({"radius_px": 2}, [(0, 2, 3), (0, 4, 3)], [0]),
        ({"radius_px": 2}, [(0, 2, 2), (0, 4, 3)], []),
        ({"horizon_us": 100}, [(0, 4, 3), (99, 5, 3)], [0]),
        ({"horizon_us": 100}, [(0, 4, 3), (100, 5, 3)], []),
        ({"neighbours": 2}, [(0, 2, 3), (1, 3, 3), (2, 5, 3), (3, 4, 3)], [1, 2]),
        ({}, [(0, 4, 4), (0, 5, 3), (0, 3, 3), (0, 4, 2), (0, 4, 3)], [3, 2, 1, 0]),
        ({}, [(-50, 0, 0), (-40, 1, 0)], [0]),
        ({}, [(0, 8, 3), (0, 0, 3)], []),
        ({}, [(0, 8, 6), (1, 8, 5), (2, 7, 6)], [0, 1]),
    ],
    ids=[
        "the first has none", "same time, same pixel", "a queue of one forgets",
        "newest first", "the oldest is pushed out", "just within", "just outside",
        "just young enough", "as old as the horizon", "nearest first", "row by row",
        "times below zero", "rows do not wrap", "at the corner",
    ],
)  # fmt: skip
def test_neighbours_follow_the_rules(settings, rows, expected):
    rules = GraphRules(**{"horizon_us": 1_000, "ages_us": (), **settings})
    assert neighbours_of_last(rules, *rows) == expected


def test_kinds_tell_offset_age_and_polarity():
    rules = GraphRules(radius_px=1, horizon_us=100, ages_us=(10, 20))
    events = Events.from_columns([0, 5, 15, 25], [4, 4, 3, 4], [3] * 4, [1, 0, 1, 1], sensor=SENSOR)
    edges = Edges.of(rules, events)
    kinds = edges.kinds[3, : edges.counts[3]]
    # own pixel, 20 us, OFF; pixel to the left (the third offset), 10 us, ON
    assert kinds.tolist() == [(0 * 3 + 2) * 2 + 0, (2 * 3 + 1) * 2 + 1]


@pytest.mark.parametrize("depth", [1, 2, 5])
@pytest.mark.parametrize("most", [1, 6, 60])
def test_fast_search_finds_what_the_definition_says(draw_network, draw_events, depth, most):
    network = draw_network(depth=depth, neighbours=most, radius_px=3, ages_us=(500, 4_000))
    events = draw_events(count=500)
    edges = Edges.of(network.rules, events)
    for i, expected in enumerate(reference_neighbours(network, events)):
        assert edges.sources[i, : edges.counts[i]].tolist() == [n.source for n in expected]
        kinds = [(n.offset * 3 + n.age) * 2 + int(events.on[n.source]) for n in expected]
        assert edges.kinds[i, : edges.counts[i]].tolist() == kinds


@pytest.mark.parametrize(
    "settings",
    [
        {"radius_px": 0}, {"radius_px": 8}, {"depth": 0}, {"neighbours": 0}, {"horizon_us": 0},
        {"ages_us": (5, 5)}, {"ages_us": (0,)}, {"ages_us": (60_000,)},
        {"ages_us": tuple(range(1, 20))},
    ],
)  # fmt: skip
def test_impossible_rules_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        GraphRules(**settings)


def test_a_head_of_the_wrong_width_is_refused():
    with pytest.raises(ValueError, match="last layer of 5 channels"):
        Head(
            convolutions=(),
            weight=np.zeros((2, 4), np.float32),
            bias=np.zeros(2, np.float32),
            shows="grid",
            relative_to="cell",
            inputs=5,
        )
