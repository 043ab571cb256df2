"""Event by event: the same as the definition, whatever the packets."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import Events, SensorSize
from eventvision.graph import GraphStream, reference_nodes, reference_output

KINDS = ("float", "integer")
ALL_KINDS = (*KINDS, "spiking float", "spiking integer")
LONG_AGO_US = -(1 << 40)


def assert_same(found, expected, kind):
    """Compare whole numbers exactly; answers come from a head that adds floats in another order."""
    assert (found.dtype.kind in "iub") or found.dtype == np.float32
    if found.dtype.kind in "iub":
        assert kind.endswith("integer") or kind.startswith("spiking")
        np.testing.assert_array_equal(found, expected)
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("aggregate", ["sum", "max"])
@pytest.mark.parametrize(
    ("channels", "depth"), [((16,), 1), ((12, 20), 1), ((16, 16), 3), ((20, 33, 17), 2)]
)
def test_features_and_outputs_are_those_of_the_definition(
    draw_network, draw_events, kind, aggregate, channels, depth
):
    network = draw_network(kind=kind, aggregate=aggregate, channels=channels, depth=depth)
    events = draw_events()
    stream = GraphStream(network, events.sensor)
    assert_same(stream.nodes(events), reference_nodes(network, events), kind)
    for later_us in (0, 1, 700, 40_000):
        t_us = int(events.t[-1]) + later_us
        assert_same(stream.read(t_us), reference_output(network, events, t_us), kind)


@pytest.mark.parametrize("kind", ["spiking float", "spiking integer"])
@pytest.mark.parametrize(("channels", "depth"), [((16,), 1), ((12, 20), 3), ((9, 64, 7), 1)])
def test_spikes_are_those_of_the_definition(draw_network, draw_events, kind, channels, depth):
    network = draw_network(kind=kind, channels=channels, depth=depth)
    events = draw_events()
    stream = GraphStream(network, events.sensor)
    spikes = stream.nodes(events)
    np.testing.assert_array_equal(spikes, reference_nodes(network, events))
    assert 0.01 < spikes.mean() < 0.99
    t_us = int(events.t[-1]) + 700
    assert_same(stream.read(t_us), reference_output(network, events, t_us), kind)


@pytest.mark.parametrize("kind", ALL_KINDS)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_packets_make_no_difference(draw_network, draw_events, kind, size):
    network, events = draw_network(kind=kind), draw_events(3)
    whole, parts = (GraphStream(network, events.sensor) for _ in range(2))
    nodes = whole.nodes(events)
    found = [
        parts.nodes(Events(events.data[i : i + size], events.sensor))
        for i in range(0, len(events), size)
    ]
    np.testing.assert_array_equal(np.concatenate(found), nodes)
    t_us = int(events.t[-1]) + 5
    np.testing.assert_array_equal(parts.read(t_us), whole.read(t_us))
    assert (parts.messages, parts.events) == (whole.messages, whole.events)


@pytest.mark.parametrize("t0_us", [LONG_AGO_US, -3, 1 << 50])
def test_times_may_begin_anywhere(draw_network, draw_events, t0_us):
    network = draw_network()
    tick = 1 << 20  # a multiple of every tick, so that ticks fall alike
    usual, moved = draw_events(), draw_events(t0_us=t0_us // tick * tick)
    streams = [GraphStream(network, usual.sensor) for _ in range(2)]
    nodes = [s.nodes(e) for s, e in zip(streams, (usual, moved), strict=True)]
    np.testing.assert_array_equal(*nodes)
    np.testing.assert_array_equal(
        *(s.read(int(e.t[-1])) for s, e in zip(streams, (usual, moved), strict=True))
    )


def test_reading_changes_nothing(draw_network, draw_events):
    network, events = draw_network(), draw_events()
    read, unread = (GraphStream(network, events.sensor) for _ in range(2))
    for i in range(0, len(events), 40):
        part = Events(events.data[i : i + 40], events.sensor)
        read.push(part)
        read.read(int(part.t[-1]) + 10_000)
        unread.push(part)
    t_us = int(events.t[-1])
    np.testing.assert_array_equal(read.read(t_us), unread.read(t_us))


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_stream_begins_anew_after_reset(draw_network, draw_events, kind):
    network, events = draw_network(kind=kind), draw_events()
    stream = GraphStream(network, events.sensor)
    first, output = stream.nodes(events), stream.read(int(events.t[-1]))
    stream.reset()
    np.testing.assert_array_equal(stream.nodes(events), first)
    np.testing.assert_array_equal(stream.read(int(events.t[-1])), output)
    assert stream.events == len(events)


def test_what_is_long_ago_is_forgotten(draw_network, draw_events):
    network, events = draw_network(), draw_events()
    stream = GraphStream(network, events.sensor)
    empty = stream.read(0)
    stream.push(events)
    later_us = int(events.t[-1]) + 100 * network.memory_us
    assert not np.array_equal(stream.read(int(events.t[-1])), empty)
    np.testing.assert_array_equal(stream.read(later_us), empty)


def test_an_event_changes_its_own_cell_only(draw_network, draw_events):
    network, events = draw_network(), draw_events()
    stream = GraphStream(network, events.sensor)
    stream.push(events)
    t_us = int(events.t[-1])
    before, _ = stream.map.at(t_us)
    stream.push(Events.from_columns([t_us], [17], [3], [1], sensor=events.sensor))
    after, _ = stream.map.at(t_us)
    changed = np.argwhere((before != after).any(axis=2))
    assert changed.tolist() == [[0, 2]]


def test_no_events_are_fine(draw_network):
    stream = GraphStream(draw_network(), SensorSize(20, 15))
    assert stream.nodes(Events.empty(SensorSize(20, 15))).shape == (0, 20)
    assert np.isfinite(stream.read(0)).all()


def test_events_of_another_sensor_are_refused(draw_network, draw_events):
    stream = GraphStream(draw_network(), SensorSize(19, 15))
    with pytest.raises(ValueError, match="stream is of 19x15"):
        stream.push(draw_events())


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_stream_whose_times_go_back_does_no_harm(draw_network, draw_events, kind):
    network, late, early = draw_network(kind=kind), draw_events(t0_us=1 << 40), draw_events()
    stream = GraphStream(network, late.sensor)
    stream.push(late)
    stream.push(early)
    assert np.isfinite(stream.read(int(early.t[-1]))).all()


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_real_recordings_give_the_same_as_the_definition(shared_recordings, draw_network, kind):
    from eventvision.io import open_source

    with open_source(str(shared_recordings / "aedat4" / "ring_davis346.aedat4")) as source:
        packet = next(p for p in source if len(p) > 600)
    events = Events(packet.events.data[:600], packet.sensor)
    network = draw_network(kind=kind, radius_px=3, depth=2)
    found = GraphStream(network, events.sensor).nodes(events)
    assert_same(found, reference_nodes(network, events), kind)
