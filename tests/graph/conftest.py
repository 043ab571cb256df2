"""Networks and events drawn by chance."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest

from eventvision.core import Events, SensorSize
from eventvision.graph import GraphLayer, GraphNetwork, GraphRules, Head


def draw_layer(random, rules, inputs, outputs, *, kind, aggregate, is_first):
    offsets, ages = len(rules.offsets()), rules.ages
    if kind in {"float", "spiking float"}:
        layer = {
            "weight": random.normal(0, 0.2, (offsets, inputs, outputs)),
            "place": random.normal(0, 0.1, (offsets, ages, outputs)),
            "root": random.normal(0, 0.3, (inputs, outputs)),
            "bias": random.normal(0, 0.1, outputs),
        }
        layer = {name: array.astype(np.float32) for name, array in layer.items()}
    else:
        layer = {
            "weight": random.integers(-127, 128, (offsets, inputs, outputs)).astype(np.int8),
            "place": random.integers(-500, 500, (offsets, ages, outputs)).astype(np.int32),
            "root": random.integers(-127, 128, (inputs, outputs)).astype(np.int8),
            "bias": random.integers(-500, 500, outputs).astype(np.int32),
            "shift": random.integers(3, 9, outputs).astype(np.int32),
        }
    if "spiking" in kind:
        if "shift" in layer:
            layer["shift"] = random.integers(200, 900, outputs).astype(np.int32)
        if not is_first:
            layer["place"][:] = 0
    return GraphLayer(**layer, aggregate=aggregate)


@pytest.fixture
def draw_network() -> Callable[..., GraphNetwork]:
    """Return a maker of networks: kind `float`, `integer`, `spiking float`, `spiking integer`."""

    def draw(
        seed: int = 0, *, kind: str = "float", channels=(12, 20), aggregate: str = "sum", **rules
    ) -> GraphNetwork:
        random = np.random.default_rng(seed)
        chosen = GraphRules(**{"radius_px": 2, "neighbours": 9, "horizon_us": 20_000, **rules})
        sizes = [2, *channels]
        layers = tuple(
            draw_layer(random, chosen, inputs, outputs,
                       kind=kind, aggregate=aggregate, is_first=number == 0)
            for number, (inputs, outputs) in enumerate(itertools.pairwise(sizes))
        )  # fmt: skip
        weight = random.normal(0, 1, (6, sizes[-1] + 1)).astype(np.float32)
        return GraphNetwork(
            rules=chosen,
            layers=layers,
            cell_px=8,
            memory_us=15_000,
            scale=0.125 if "integer" in kind else 1.0,
            leak_us=9_000 if "spiking" in kind else None,
            head=Head(
                convolutions=(),
                weight=weight,
                bias=np.zeros(6, np.float32),
                shows="grid",
                relative_to="cell",
                inputs=sizes[-1] + 1,
            ),
        )

    return draw


@pytest.fixture
def draw_events() -> Callable[..., Events]:
    """Return a maker of events, several in a microsecond here and there."""

    def draw(
        seed: int = 0, *, count: int = 400, width: int = 20, height: int = 15, t0_us: int = 0
    ) -> Events:
        random = np.random.default_rng(1000 + seed)
        t = t0_us + np.sort(random.integers(0, 60 * count, count)) // 7 * 7
        x, y = random.integers(0, width, count), random.integers(0, height, count)
        on = random.random(count) < 0.4
        return Events.from_columns(t, x, y, on, sensor=SensorSize(width, height))

    return draw
