"""How busy a network is on a recording: spikes, synaptic operations, rates, energy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eventvision.core import ConfigError, ModelCard, SensorSize, Slice, Source, load_card
from eventvision.io import open_source
from eventvision.representations import parse_representation
from eventvision.slicing import parse_slicer
from eventvision.spiking.counting import ActivityReport, IntegerCounter
from eventvision.spiking.integer import IntegerNetwork, load_model
from eventvision.tasks import Frame, Network

if TYPE_CHECKING:
    from torch.nn import Module

_ANY_SLICES = "time:20ms"
"""For models that do not say which slices they learned from."""


def activity(
    model: str | Path | ModelCard | Module,
    recording: str | Path,
    *,
    sensor: SensorSize | None = None,
    read: Mapping[str, str] | None = None,
    slicer: str = "",
    representation: str = "",
    steps: int | None = None,
) -> ActivityReport:
    """Run a network on a recording and count what it does.

    Args:
        model: Name, folder or card of a model that has an integer form; or a torch module that
            takes one step (1, planes, height, width), as the representation gives it.
        recording: Anything that `open_source` reads.
        sensor: Sensor size, where the recording is wrong.
        read: Options of the reader.
        slicer: Slices that are one step each; as the card says if empty.
        representation: What a torch module takes; of a card its own.
        steps: Most steps to run; all if None.

    Returns:
        Means over the steps: spikes, rates, dead and saturated channels of each layer of neurons;
        MACs and synaptic operations of each layer of weights; an estimate of energy.

    Raises:
        ConfigError: If an option cannot be used, or the recording has no events.
        ModelError: If the model has no integer form or does not fit the recording's sensor.
        SourceError: If the recording cannot be read.
    """
    if steps is not None and steps < 1:
        raise ConfigError("steps", steps, "1 or more")
    with open_source(str(recording), sensor=sensor, read=read) as source:
        if isinstance(model, str | Path | ModelCard):
            card = model if isinstance(model, ModelCard) else load_card(model)
            if representation:
                raise ConfigError(
                    "representation", representation, "none, as the model has its own"
                )
            rule = slicer or card.slicer or _ANY_SLICES
            return _of_card(card, islice(_slices(source, rule), steps), source.info.sensor)
        from eventvision.spiking.activity import measure_activity

        if not representation:
            raise ConfigError("representation", "none", "what the module takes, such as histogram")
        drawn = parse_representation(representation, source.info.sensor)
        parts = islice(_slices(source, slicer or _ANY_SLICES), steps)
        return measure_activity(model, (drawn.render(part)[None] for part in parts))


def _slices(source: Source, rule: str) -> Iterator[Slice]:
    """Yield the slices that hold events."""
    slicer = parse_slicer(rule, source.info.sensor)
    for packet in source:
        yield from (part for part in slicer.push(packet) if len(part))
    yield from (part for part in slicer.flush() if len(part))


def _of_card(card: ModelCard, slices: Iterable[Slice], sensor: SensorSize) -> ActivityReport:
    frame = Frame.of(card, sensor)
    counted = _Counted(card, frame.filled)
    drawn = parse_representation(card.representation, frame.filled)
    network = Network(card, counted, drawn, frame)
    for part in slices:
        network.step(part)
    if not network.steps:
        raise ConfigError("recording", "no events", "a recording with events to run the model on")
    return counted.counter.report()


class _Counted:
    """Runs the integer form of a model; what it answers is of no interest here."""

    def __init__(self, card: ModelCard, size: SensorSize) -> None:
        self._network = IntegerNetwork(load_model(card.artifact("integer")), size)
        (self._input,) = (node.name for node in self._network.model.inputs)
        self.counter = IntegerCounter(self._network)

    def step(self, inputs: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[np.generic]]:
        """Take a step, and count it."""
        (values,) = inputs.values()
        self._network.step({self._input: values[0]})
        self.counter.count()
        return {}

    def reset(self) -> None:
        """Forget the stream seen so far."""
        self._network.reset()

    def close(self) -> None:
        """End its threads."""
        self._network.close()
