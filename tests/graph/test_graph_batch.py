"""The batch forms, numba's and torch's, are twins of the network that runs event by event."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import Events
from eventvision.graph import GraphRules, GraphStream, run_bulk

torch = pytest.importorskip("torch")

from eventvision.graph.batch import (  # noqa: E402 - torch may be missing
    GraphModel,
    GraphShape,
    Runs,
    TensorEdges,
    fire,
    message_sums,
    messages,
    row_sums,
)

torch.set_num_threads(1)
RULES = GraphRules(radius_px=2, neighbours=7, horizon_us=20_000, ages_us=(2_000,), depth=2)


@pytest.mark.parametrize("kind", ["float", "integer"])
@pytest.mark.parametrize("aggregate", ["sum", "max"])
def test_bulk_is_bit_for_bit_what_events_give_one_by_one(
    draw_network, draw_events, kind, aggregate
):
    network = draw_network(kind=kind, aggregate=aggregate, depth=2)
    events = draw_events(5)
    stream, bulk = GraphStream(network, events.sensor), run_bulk(network, events)
    np.testing.assert_array_equal(bulk.nodes, stream.nodes(events))
    t_us = int(events.t[-1]) + 3_000
    np.testing.assert_array_equal(bulk.read(t_us), stream.read(t_us))


def test_bulk_refuses_spiking_networks(draw_network, draw_events):
    with pytest.raises(ValueError, match="event by event"):
        run_bulk(draw_network(kind="spiking float"), draw_events())


def drawn_model(**settings) -> GraphModel:
    """Return a model whose normalisation has seen something."""
    torch.manual_seed(3)
    chosen = {"rules": RULES, "channels": (16, 16), "cell_px": 8, "memory_us": 15_000,
              "convolutions": (8,), "outputs": 4, "cells": 6, **settings}  # fmt: skip
    model = GraphModel(GraphShape(**chosen))
    for layer in model.layers:
        layer.norm.running_mean.normal_(0, 0.1)
        layer.norm.running_var.uniform_(0.5, 2)
        torch.nn.init.normal_(layer.place, 0, 0.1)
        if not layer.place.requires_grad:
            torch.nn.init.zeros_(layer.place)
    return model.eval()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"aggregate": "max"},
        {"channels": (12, 20)},
        {"leak_us": 9_000},
        {"shows": "grid", "relative_to": "cell", "convolutions": (8, 8), "strides": (2, 1)},
    ],
    ids=["sum", "max", "odd channels", "spiking", "grid"],
)
def test_torch_gives_what_events_give_one_by_one(draw_events, settings):
    model, recordings = drawn_model(**settings), [draw_events(1), draw_events(2, count=300)]
    sensor = recordings[0].sensor
    times = [[9_000, 14_000, int(recordings[0].t[-1])], [int(recordings[1].t[-1]) + 2_000]]
    with torch.no_grad():
        runs = Runs.of(RULES, [e.data for e in recordings], times, sensor, 8)
        nodes, outputs = model.nodes(runs).numpy(), model(runs).numpy()
    stream, place, reading = GraphStream(model.network(), sensor), 0, 0
    for events, readings in zip(recordings, times, strict=True):
        stream.reset()
        done = 0
        for t_us in readings:
            until = int(np.searchsorted(events.t, t_us, side="right"))
            found = stream.nodes(Events(events.data[done:until], sensor))
            expected = nodes[place + done : place + until]
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
            np.testing.assert_allclose(stream.read(t_us), outputs[reading], rtol=1e-4, atol=1e-4)
            done, reading = until, reading + 1
        place += len(events)


def test_fast_sums_and_their_derivatives_are_those_of_plain_torch(draw_events):
    events, random = draw_events(count=120), torch.Generator().manual_seed(1)
    edges = TensorEdges.of(RULES, events, "cpu")
    kinds = len(edges.offsets)
    shapes = {"features": (120, 16), "weight": (13, 16, 32), "table": (kinds, 32)}
    given = {n: torch.randn(s, generator=random, requires_grad=True) for n, s in shapes.items()}
    slope = torch.randn(120, 32, generator=random)
    fast = message_sums(**given, edges=edges)
    slow = messages(**given, edges=edges).mul(edges.there).sum(1)
    torch.testing.assert_close(fast, slow, rtol=1e-5, atol=1e-4)
    for one, other in zip(
        torch.autograd.grad(fast, given.values(), slope),
        torch.autograd.grad(slow, given.values(), slope),
        strict=True,
    ):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_fast_rows_and_their_derivatives_are_those_of_plain_torch(draw_events):
    events = draw_events(count=120)
    edges = TensorEdges.of(RULES, events, "cpu")
    table = torch.randn(2 * len(edges.offsets), 16, requires_grad=True)
    slope = torch.randn(120, 16)
    fast, slow = row_sums(table, edges), row_sums(table.double(), edges)
    torch.testing.assert_close(fast, slow.float(), rtol=1e-5, atol=1e-5)
    (one,) = torch.autograd.grad(fast, table, slope)
    (other,) = torch.autograd.grad(slow, table, slope.double())
    torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


def test_spikes_pass_a_triangle_back_along_the_pixels_events(draw_events):
    events = draw_events(count=200)
    edges = TensorEdges.of(RULES, events, "cpu")
    left = torch.full((200,), 0.8)
    current = (torch.randn(200, 3) + 0.3).requires_grad_()
    spikes = fire(current, edges, left)
    slope = torch.randn(200, 3)
    (found,) = torch.autograd.grad(spikes, current, slope)

    potential = np.zeros((200, 3), np.float32)
    previous = edges.arrays.previous
    for i in range(200):
        potential[i] = current.detach()[i]
        if previous[i] >= 0:
            before = potential[previous[i]]
            potential[i] += np.float32(0.8) * (before - (before >= 1))
    np.testing.assert_array_equal(spikes.detach(), potential >= 1)
    expected = slope.numpy() * np.maximum(0, 1 - abs(potential - 1))
    for i in reversed(range(200)):
        if previous[i] >= 0:
            expected[previous[i]] += np.float32(0.8) * expected[i]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_a_negative_scale_before_a_maximum_is_refused():
    model = drawn_model(aggregate="max")
    with torch.no_grad():
        model.layers[0].norm.weight[2] = -1
    with pytest.raises(ValueError, match="negative scale"):
        model.network()


def test_spiking_networks_do_not_take_maxima():
    with pytest.raises(ValueError, match="sum"):
        GraphShape(leak_us=1_000, aggregate="max")
