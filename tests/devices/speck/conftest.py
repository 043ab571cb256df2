"""Small models for the chip."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from eventvision.spiking.integer import Conv2d, Input, IntegerModel, Linear, Neuron, Output, Pool


def convolution(name: str, before: str, shape: tuple[int, ...], **settings: object) -> Conv2d:
    """Return a convolution with random weights, in chip form."""
    draw = np.random.default_rng(shape)
    values = {
        "weight": draw.integers(-60, 90, shape).astype(np.int8),
        "bias": draw.integers(-2, 3, shape[0]).astype(np.int32),
        "shift": np.zeros(shape[0], np.int8),
    }
    return Conv2d(name=name, input=before, **{**values, **settings})


def neuron(name: str, before: str, channels: int, **settings: object) -> Neuron:
    """Return integrate-and-fire neurons."""
    values = {"threshold": np.full(channels, 300, np.int16)}
    return Neuron(name=name, input=before, **{**values, **settings})


@pytest.fixture(scope="session")
def small_nodes() -> Callable[[], dict]:
    """Return a function that makes nodes by name: 2x12x11 counts, pools, groups, a matrix."""

    def nodes() -> dict:
        weights = np.random.default_rng(3).integers(-99, 99, (5, 8 * 2 * 2)).astype(np.int8)
        made = (
            Input(name="in", channels=2),
            convolution("c1", "in", (6, 2, 3, 3), stride=(2, 1), padding=(1, 1)),
            neuron("n1", "c1", 6, levels=3, initial=np.full(6, 100, np.int16)),
            Pool(name="p1", input="n1"),
            convolution("c2", "p1", (8, 3, 2, 2), padding=(1, 0), groups=2),
            neuron("n2", "c2", 8),
            Pool(name="p2", input="n2"),
            Linear(
                name="l3",
                input="p2",
                weight=weights,
                bias=np.zeros(5, np.int32),
                shift=np.zeros(5, np.int8),
            ),
            neuron("n3", "l3", 5),
            Output(name="out", input="n3"),
        )
        return {node.name: node for node in made}

    return nodes


@pytest.fixture
def small_model(small_nodes) -> IntegerModel:
    return IntegerModel(small_nodes().values())
