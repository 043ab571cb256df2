"""Models for the accelerator, and simulations of them; they skip where no tools are."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from eventvision.core import SensorSize
from eventvision.devices.fpga import (
    Accelerator,
    Plan,
    SimulatedLink,
    missing_tools,
    plan_for,
    simulated_link,
)
from eventvision.spiking.integer import (
    Conv2d,
    Input,
    IntegerModel,
    Linear,
    Neuron,
    Output,
    Pool,
    Readout,
    Requantise,
)

SENSOR = SensorSize(9, 7)
LANES = 4
"""Fewer than most layers have channels, so that these are held in several words."""


def weights(seed: int, *shape: int, largest: int = 127) -> np.ndarray:
    drawn = np.random.default_rng(seed).integers(-largest, largest + 1, shape)
    return drawn.astype(np.int8)


def biased(channels: int, seed: int, largest: int) -> np.ndarray:
    drawn = np.random.default_rng(seed).integers(-largest, largest + 1, channels)
    return drawn.astype(np.int32)


@pytest.fixture(scope="session")
def varied_model() -> IntegerModel:
    """Every kind of layer: leaks, several levels, groups, pools that fold and that do not."""
    return IntegerModel(
        [
            Input(name="counts", channels=2),
            Conv2d(
                name="conv1",
                input="counts",
                weight=weights(1, 6, 2, 5, 3),
                bias=biased(6, 1, 90),
                shift=np.array([0, -1, -2, 2, 5, 0], np.int8),
                stride=(2, 1),
                padding=(2, 0),
            ),
            Neuron(
                name="fire1",
                input="conv1",
                threshold=np.array([900, 300, 30_000, 80, 15, 1], np.int16),
                leak=np.array([[2, 3, 1, -1, 0, 15], [-1, 4, 1, -1, -1, 3]], np.int8),
                levels=3,
                rounding=True,
                initial=np.array([0, 50, -20, 7, -8, 0], np.int16),
            ),
            Pool(name="fold", input="fire1", size=(2, 3), padding=(0, 1)),
            Conv2d(
                name="conv2",
                input="fold",
                weight=weights(2, 5, 6, 3, 3),
                bias=biased(5, 2, 40),
                shift=np.array([1, 2, 0, 3, 1], np.int8),
                padding=(1, 1),
            ),
            Neuron(name="fire2", input="conv2", threshold=np.full(5, 120, np.int16)),
            Conv2d(
                name="conv3",
                input="fire2",
                weight=weights(3, 5, 1, 3, 3),
                bias=biased(5, 3, 100),
                shift=np.full(5, -1, np.int8),
                padding=(1, 1),
                groups=5,
            ),
            Requantise(name="narrow", input="conv3", shift=1, dtype="uint8"),
            Pool(name="blur", input="narrow", size=(2, 2), stride=(1, 1), padding=(1, 0), shift=1),
            Linear(
                name="linear",
                input="blur",
                weight=weights(4, 7, 5 * 3 * 2, largest=9),
                bias=biased(7, 4, 50),
                shift=np.full(7, 1, np.int8),
            ),
            Readout(name="reads", input="linear", leak=3),
            Output(name="score", input="reads"),
        ]
    )


@pytest.fixture(scope="session")
def spiking_model() -> IntegerModel:
    """A small network of spikes that ends in a pool."""
    return IntegerModel(
        [
            Input(name="counts", channels=1),
            Conv2d(
                name="conv",
                input="counts",
                weight=weights(5, 3, 1, 3, 3, largest=60),
                bias=np.zeros(3, np.int32),
                shift=np.zeros(3, np.int8),
                padding=(1, 1),
            ),
            Neuron(name="fire", input="conv", threshold=np.full(3, 100, np.int16), leak=4),
            Pool(name="any", input="fire", kind="max"),
            Conv2d(
                name="mix",
                input="any",
                weight=np.array([[40, 30, -10], [35, -20, 60]], np.int8)[:, :, None, None],
                bias=np.full(2, 5, np.int32),
                shift=np.zeros(2, np.int8),
            ),
            Neuron(name="last", input="mix", threshold=np.full(2, 70, np.int16)),
            Pool(name="sum", input="last", size=(2, 2)),
            Output(name="spikes", input="sum"),
        ]
    )


@pytest.fixture(scope="session")
def recording() -> Callable[..., list[np.ndarray]]:
    """Return a function that draws counts: mostly small, with a full and an empty step."""

    def drawn(model: IntegerModel, steps: int, *, seed: int = 0) -> list[np.ndarray]:
        rng = np.random.default_rng(seed)
        shape = (model.inputs[0].channels, SENSOR.height, SENSOR.width)
        counts = [rng.poisson(rate, shape) for rate in rng.uniform(0.02, 1.5, steps)]
        counts[steps // 2] = np.full(shape, 255)
        counts[steps // 3] = np.zeros(shape, int)
        return [each.astype(np.uint8) for each in counts]

    return drawn


Simulate = Callable[[IntegerModel, Plan], tuple[Accelerator, SimulatedLink]]


@pytest.fixture
def simulate() -> Iterator[Simulate]:
    """Open simulations; they are closed after the test."""
    if missing_tools()[0]:
        pytest.skip(": ".join(missing_tools()))
    links: list[SimulatedLink] = []

    def opened(model: IntegerModel, plan: Plan) -> tuple[Accelerator, SimulatedLink]:
        digest, link = simulated_link(plan)
        links.append(link)
        return Accelerator(model, plan, digest, link), link

    yield opened
    for link in links:
        link.close()


@pytest.fixture(scope="session")
def varied_plan(varied_model: IntegerModel) -> Plan:
    return plan_for(varied_model, SENSOR, most_lanes=LANES)


@pytest.fixture(scope="session")
def spiking_plan(spiking_model: IntegerModel) -> Plan:
    return plan_for(spiking_model, SENSOR)
