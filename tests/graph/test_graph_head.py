"""The head that reads a map: fast kernels beside their definition in numpy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from eventvision.graph import ByteConvolution, GraphStream, Head, IntegerHead, quantised
from eventvision.graph._reader import HeadReader, reader_of


def drawn_head(*, inputs=7, convolutions=(), strides=(), shows="grid", outputs=9, places=1,
               relative_to="cell", seed=0) -> Head:  # fmt: skip
    random, layers, channels = np.random.default_rng(seed), [], inputs
    for size in convolutions:
        weight = random.normal(0, 0.2, (size, channels, 3, 3)).astype(np.float32)
        layers.append((weight, random.normal(0, 0.1, size).astype(np.float32)))
        channels = size
    width = channels * (places if shows == "vector" else 1)
    return Head(
        convolutions=tuple(layers),
        weight=random.normal(0, 0.2, (outputs, width)).astype(np.float32),
        bias=random.normal(0, 0.1, outputs).astype(np.float32),
        shows=shows,
        relative_to=relative_to,
        inputs=inputs,
        strides=strides,
    )


def drawn_map(rows, columns, channels, seed=0):
    random = np.random.default_rng(100 + seed)
    counts = random.poisson(1.0, (rows, columns)).astype(np.float32)
    return random.random((rows, columns, channels)).astype(np.float32) * counts[..., None], counts


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (3, 5), (5, 8), (6, 11), (9, 22)])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"convolutions": (16,)},
        {"convolutions": (16, 20), "strides": (2, 1)},
        {"convolutions": (33, 8, 5), "strides": (1, 2, 2), "relative_to": "map"},
    ],
    ids=["linear", "one", "halved", "quartered"],
)
def test_a_grid_is_read_as_its_definition_says(rows, columns, settings):
    head = drawn_head(**settings)
    reader = HeadReader(head, rows, columns)
    for seed in range(2):
        sums, counts = drawn_map(rows, columns, head.inputs - 1, seed)
        expected = head.read(sums, counts)
        np.testing.assert_allclose(reader.read(sums, counts), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "settings",
    [
        {"places": 20},
        {"places": 6, "convolutions": (16,), "strides": (2,), "relative_to": "map"},
    ],
    ids=["linear", "one"],
)
def test_a_vector_is_read_as_its_definition_says(settings):
    head = drawn_head(shows="vector", **settings)
    sums, counts = drawn_map(4, 5, head.inputs - 1)
    expected = head.read(sums, counts)
    found = HeadReader(head, 4, 5).read(sums, counts)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_what_was_read_is_the_callers():
    head = drawn_head(convolutions=(16,))
    reader = HeadReader(head, 4, 5)
    first = reader.read(*drawn_map(4, 5, 6, seed=1))
    kept = first.copy()
    reader.read(*drawn_map(4, 5, 6, seed=2))
    np.testing.assert_array_equal(first, kept)


def test_a_map_of_another_size_is_refused():
    head = drawn_head(shows="vector", places=20)
    sums, counts = drawn_map(3, 5, 6)
    with pytest.raises(ValueError, match="20 cells"):
        head.read(sums, counts)
    with pytest.raises(ValueError, match="20 cells"):
        HeadReader(head, 3, 5)


@pytest.mark.parametrize("kind", ["float", "integer"])
def test_a_stream_reads_what_the_definition_reads_of_its_map(draw_network, draw_events, kind):
    network, events = draw_network(kind=kind), draw_events()
    stream = GraphStream(network, events.sensor)
    stream.push(events)
    t_us = int(events.t[-1]) + 2_000
    expected = network.head.read(*stream.map.at(t_us))
    np.testing.assert_allclose(stream.read(t_us), expected, rtol=1e-4, atol=1e-5)


def drawn_integer_head(inputs=7, convolutions=(16, 20), strides=(2, 1), outputs=9, seed=0):
    random, layers, channels = np.random.default_rng(seed), [], inputs
    for size, stride in zip(convolutions, strides, strict=True):
        layers.append(
            ByteConvolution(
                weight=random.integers(-127, 128, (size, channels, 3, 3)).astype(np.int8),
                bias=random.integers(-9000, 9000, size).astype(np.int32),
                shift=random.integers(0, 12, size).astype(np.int32),
                stride=stride,
            )
        )
        channels = size
    return IntegerHead(
        gain=np.exp2(random.integers(0, 9, inputs - 1)).astype(np.float32),
        levels=np.expm1((np.arange(255) + 0.5) / 32).astype(np.float32),
        convolutions=tuple(layers),
        weight=random.integers(-127, 128, (outputs, channels)).astype(np.int8),
        bias=random.integers(-9000, 9000, outputs).astype(np.int32),
        worth=random.random(outputs).astype(np.float32),
    )


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (5, 8), (6, 26), (9, 27)])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"convolutions": (33,), "strides": (1,), "outputs": 40},
        {"inputs": 33, "convolutions": (48, 8, 64), "strides": (1, 2, 2)},
    ],
    ids=["halved", "one", "quartered"],
)
def test_a_head_of_integers_is_read_exactly_as_its_definition_says(rows, columns, settings):
    head = drawn_integer_head(**settings)
    reader = reader_of(head, rows, columns)
    for seed in range(2):
        sums, counts = drawn_map(rows, columns, head.inputs - 1, seed)
        np.testing.assert_array_equal(reader.read(sums, counts), head.read(sums, counts))


def test_a_head_of_integers_is_near_the_head_that_it_was_made_of(draw_network, draw_events):
    events = draw_events(count=2000, width=80, height=60)
    head = drawn_head(inputs=21, convolutions=(16, 20), strides=(2, 1))
    network = replace(draw_network(), head=head)
    integer = quantised(network, [events])
    assert isinstance(integer.head, IntegerHead)
    stream = GraphStream(integer, events.sensor)
    stream.push(events)
    sums, counts = stream.map.at(int(events.t[-1]))
    expected = head.read(sums, counts)
    found = stream.read(int(events.t[-1]))
    np.testing.assert_array_equal(found, integer.head.read(sums, counts))
    np.testing.assert_allclose(found, expected, atol=0.05 * np.abs(expected).max())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"levels": np.zeros(255, np.float32)}, "rising levels"),
        ({"convolutions": ()}, "a convolution or more"),
        ({"gain": np.ones(3, np.float32)}, "a convolution of 4 channels"),
        ({"weight": np.zeros((9, 3), np.int8)}, "last layer of 20 channels"),
        ({"worth": np.ones(3, np.float32)}, "bias and worth"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_impossible_heads_of_integers_are_refused(change, said):
    with pytest.raises(ValueError, match=said):
        replace(drawn_integer_head(), **change)
