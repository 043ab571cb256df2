"""Both sides of the `graph` benchmark: graphs over the same events, on one thread.

Times are CPU times of the process: all is on one thread, so they are wall times of a machine with
nothing else to do. Events are rings that move before noise, a million a second, or the middle of a
recording.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 346, 260
RATE_HZ = 1e6
RADIUS, NEIGHBOURS = 5.0, 16
"""Of the peers' graphs: nearest events in space and time, 1 ms counting like a pixel."""

PRESENT = 10_000
"""Events of the graph that a peer runs again for every new one."""


def best_of(work: Callable[[], Any], repeat: int = 3) -> float:
    """Return the shortest CPU time of some runs, after one that does not count."""
    work()
    best = math.inf
    for _ in range(repeat):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


@cache
def columns(count: int, width: int = WIDTH, height: int = HEIGHT) -> dict[str, NDArray[Any]]:
    """Return t, x, y, on of synthetic events."""
    random = np.random.default_rng(0)
    t = np.sort(random.uniform(0, count / RATE_HZ, count))
    ring, phase = random.integers(0, 6, count), random.uniform(0, 2 * np.pi, count)
    radius = 12 + 5 * ring + random.normal(0, 0.7, count)
    x = width / 2 + width / 3 * np.cos(t * 1.3 + ring) + radius * np.cos(phase)
    y = height / 2 + height / 3 * np.sin(t * 1.7 + ring * 2) + radius * np.sin(phase)
    noise = random.random(count) < 0.1
    x[noise], y[noise] = (
        random.uniform(0, width, noise.sum()),
        random.uniform(0, height, noise.sum()),
    )
    return {
        "t": (t * 1e6).astype(np.int64),
        "x": np.clip(x, 0, width - 1).astype(np.int64),
        "y": np.clip(y, 0, height - 1).astype(np.int64),
        "on": random.random(count) < 0.5,
    }


@cache
def events(count: int, recording: str | None, width: int = WIDTH, height: int = HEIGHT) -> Any:
    """Return events as ours takes them."""
    from eventvision.core import Events, SensorSize

    if recording is None:
        found = columns(count, width, height)
        return Events.from_columns(**found, sensor=SensorSize(width, height))
    from eventvision.io import open_source

    with open_source(recording) as source:
        parts, total = [], 0
        for packet in source:
            parts.append(packet.events)
            total += len(packet)
            if total >= count:
                break
    whole = Events.join(parts)
    return Events(whole.data[:count], whole.sensor)


@cache
def network(channels: tuple[int, ...], form: str, depth: int = 1) -> Any:
    """Return a network of random weights, with the head of a detector."""
    from eventvision.graph import GraphLayer, GraphNetwork, GraphRules, with_integer_head

    random, rules = np.random.default_rng(0), GraphRules(neighbours=NEIGHBOURS, depth=depth)
    offsets, inputs = len(rules.offsets()), 2
    layers: list[GraphLayer] = []
    for outputs in channels:
        sizes = {
            "weight": (offsets, inputs, outputs),
            "place": (offsets, rules.ages, outputs),
            "root": (inputs, outputs),
            "bias": (outputs,),
        }
        arrays: dict[str, Any] = {}
        for name, size in sizes.items():
            drawn = random.normal(0, 0.1, size)
            if form == "spiking" and name == "place" and layers:
                drawn[:] = 0
            if form == "int8":
                drawn = np.rint(drawn * 300).clip(-127, 127)
            narrow = name in {"weight", "root"}
            whole = np.int8 if narrow else np.int32
            kind: Any = whole if form == "int8" else np.float32
            arrays[name] = drawn.astype(kind)
        if form == "int8":
            arrays["shift"] = np.full(outputs, 7, np.int32)
        layers.append(GraphLayer(**arrays))
        inputs = outputs
    made = GraphNetwork(
        rules=rules,
        layers=tuple(layers),
        cell_px=8,
        memory_us=30_000,
        head=_detector_head(inputs + 1, random),
        leak_us=10_000 if form == "spiking" else None,
    )
    return with_integer_head(made, [events(20_000, None)]) if form == "int8" else made


def _detector_head(inputs: int, random: np.random.Generator) -> Any:
    from eventvision.graph import Head

    return Head(
        convolutions=tuple(
            (random.normal(0, 0.1, (32, size, 3, 3)).astype(np.float32), np.zeros(32, np.float32))
            for size in (inputs, 32, 32)
        ),
        strides=(2, 1, 1),
        weight=random.normal(0, 0.1, (9, 32)).astype(np.float32),
        bias=np.zeros(9, np.float32),
        shows="grid",
        relative_to="cell",
        inputs=inputs,
    )


@cache
def shipped(model: str, form: str) -> Any:
    """Return a network that comes with us."""
    from eventvision.core import load_card
    from eventvision.graph import load_network

    artifact = "graph-integer" if form == "int8" else "graph"
    return load_network(load_card(model).artifact(artifact))


def ours_by_event(
    form: str,
    count: int,
    channels: list[int] | None = None,
    model: str | None = None,
    recording: str | None = None,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    before: int = 0,
) -> float:
    """Return microseconds per event, event by event, `before` events having gone before.

    The network is one of ours, or has random weights.
    """
    from eventvision.core import Events
    from eventvision.graph import GraphStream

    stream_events = events(before + count, recording, *size)
    given = shipped(model, form) if model else network(tuple(channels or ()), form)
    stream = GraphStream(given, stream_events.sensor)
    stream.push(Events(stream_events.data[:before], stream_events.sensor))
    part = Events(stream_events.data[before:], stream_events.sensor)
    start = time.process_time()
    stream.push(part)
    return (time.process_time() - start) / max(len(part), 1) * 1e6


def operations_by_event(channels: list[int], form: str, count: int) -> float:
    """Return multiplications with addition (additions for spikes) per event, heads left out."""
    from eventvision.graph import GraphStream

    found = events(count, None)
    stream = GraphStream(network(tuple(channels), form), found.sensor)
    stream.push(found)
    return stream.operations / len(found)


def dense_operations(channels: list[int]) -> float:
    """Return those of convolutions of the same reach and channels over the whole sensor, once."""
    given = network(tuple(channels), "float32")
    offsets = len(given.rules.offsets())
    return float(
        WIDTH * HEIGHT * sum((offsets + 1) * each.inputs * each.outputs for each in given.layers)
    )


def live_rate(channels: list[int], form: str, every_us: int, count: int = 300_000) -> float:
    """Return million events a second: packets of a millisecond, governor, head read so often."""
    from eventvision.core import Events
    from eventvision.graph import GraphStream, RateGovernor

    found = events(count, None)
    stream = GraphStream(network(tuple(channels), form), found.sensor)
    governor = RateGovernor(1e9)
    borders = np.searchsorted(found.t, np.arange(0, int(found.t[-1]) + 1000, 1000))
    parts = [
        Events(found.data[first:last], found.sensor) for first, last in pairwise(borders.tolist())
    ]
    stream.push(parts[0])
    stream.read(1000)
    start = time.process_time()
    for number, part in enumerate(parts[1:], 1):
        stream.push(governor.process(part))
        if number * 1000 % every_us == 0:
            stream.read(number * 1000 + 1000)
    return (count - len(parts[0])) / (time.process_time() - start) / 1e6


def ours_batch(channels: list[int], form: str, count: int) -> float:
    """Return milliseconds per 1000 events, edges and layers and map."""
    from eventvision.graph import run_bulk

    found, given = events(count, None), network(tuple(channels), form)
    return best_of(lambda: run_bulk(given, found), 1) / count * 1e6


def pyg_batch(count: int) -> float:
    """Return milliseconds per 1000 events: radius graph, then three GraphConv layers of 16."""
    run = _pyg(count)
    return best_of(run, 1) / count * 1e6


def pyg_by_event() -> float:
    """Return microseconds for one more event: the network runs again on the present graph."""
    run = _pyg(PRESENT, with_graph=False)
    return best_of(run, 1) * 1e6


def _pyg(count: int, *, with_graph: bool = True) -> Callable[[], Any]:
    from importlib import import_module

    import torch
    from scipy.spatial import cKDTree

    geometric: Any = import_module("torch_geometric.nn")

    torch.set_num_threads(1)
    torch.manual_seed(0)
    found = columns(count)
    points = np.column_stack([found["x"], found["y"], found["t"] / 1e3]).astype(np.float64)
    layers = [geometric.GraphConv(i, o).eval() for i, o in ((1, 16), (16, 16), (16, 16))]
    x = torch.from_numpy(np.where(found["on"], 1.0, -1.0).astype(np.float32))[:, None]

    def edges() -> Any:
        near: Any
        _, near = cKDTree(points).query(points, k=NEIGHBOURS + 1, distance_upper_bound=RADIUS)
        source = near[:, 1:]
        keep = source < len(points)
        target = np.broadcast_to(np.arange(len(points))[:, None], source.shape)
        return torch.from_numpy(np.stack([source[keep], target[keep]])).long()

    present = None if with_graph else edges()

    def run() -> Any:
        joined = edges() if present is None else present
        with torch.inference_mode():
            features = x
            for layer in layers:
                features = torch.relu(layer(features, joined))
        return features

    return run


def latency_ms(channels: list[int], rate_hz: float, packet: int, share: float) -> float:
    """Return a quantile of the time from an event to the output that it changed.

    Events come at a steady rate in packets as a camera hands them over. Whenever all is done, the
    packets that have come meanwhile are taken in, and the head is read. An event waits for the rest
    of its packet and for the computation, whose CPU time is measured.
    """
    from eventvision.core import Events
    from eventvision.graph import GraphStream

    found = events(60_000, None)
    stream = GraphStream(network(tuple(channels), "int8"), found.sensor)
    stream.push(Events(found.data[:packet], found.sensor))
    stream.read(0)
    now_s, start, waits = 0.0, 0, []
    while start + packet <= len(found):
        now_s = max(now_s, (start + packet) / rate_hz)
        until = min(int(now_s * rate_hz) // packet * packet, len(found))
        part = Events(found.data[start : max(until, start + packet)], found.sensor)
        begin = time.process_time()
        stream.push(part)
        stream.read(int(part.t[-1]))
        now_s += time.process_time() - begin
        waits.append(now_s - (start + np.arange(len(part))) / rate_hz)
        start += len(part)
    return float(np.quantile(np.concatenate(waits), share) * 1e3)


def slice_latency_ms(rate_hz: float, slice_us: int, share: float) -> float:
    """Return the same for slices of one length, in each of which clusters are looked for."""
    from eventvision.core import Events, Slice
    from eventvision.tasks import Detection

    found = events(60_000, None)
    task, packet = Detection(found.sensor), round(rate_hz * slice_us / 1e6)
    free_s, waits = 0.0, []
    for number, start in enumerate(range(0, len(found) - packet, packet)):
        part = Events(found.data[start : start + packet], found.sensor)
        times = int(part.t[0]), int(part.t[-1]) + 1
        there_s = (start + packet) / rate_hz
        begin = time.process_time()
        task.step(Slice(number, part, *times, "time"), {})
        free_s = max(there_s, free_s) + time.process_time() - begin
        if number:
            waits.append(free_s - (start + np.arange(packet)) / rate_hz)
    return float(np.quantile(np.concatenate(waits), share) * 1e3)
