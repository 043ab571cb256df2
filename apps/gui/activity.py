"""How busy the layers of a network are, measured live beside the pipeline.

The integer form of the model steps along with the latest slices, in a thread of its own, as often
as it can and at most `MOST_HZ`; its layers are counted after every step. The pipeline's own run of
the model, on whatever device, is left alone. Slices in between are not seen.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EventVisionError, ModelCard, SensorSize, Slice

from .state import PipelinePart
from .threads import BACKGROUND, stand_back

if TYPE_CHECKING:
    from eventvision.spiking.counting import ActivityReport

MOST_HZ = 5.0
COLUMNS = 120
"""So many steps are remembered."""


def _nothing() -> NDArray[np.float64]:
    return np.empty((0, 0))


@dataclass(frozen=True, eq=False, slots=True)
class Activity:
    """What the layers of a network did of late.

    Attributes:
        model: Its name.
        neurons: Names of the layers of neurons.
        rates: Spikes per neuron and step, shape (layers, steps), the latest last.
        layers: Names of the layers of weights that spikes reach.
        operations: Synaptic operations per step, shape (layers, steps).
        dense: What it would be if nothing were skipped, shape (layers,).
        problem: Why nothing can be measured; empty if all is well.
    """

    model: str = ""
    neurons: tuple[str, ...] = ()
    rates: NDArray[np.float64] = field(default_factory=_nothing)
    layers: tuple[str, ...] = ()
    operations: NDArray[np.float64] = field(default_factory=_nothing)
    dense: NDArray[np.float64] = field(default_factory=_nothing)
    problem: str = ""


def watched_model(settings: PipelinePart) -> str:
    """Return the model of the first learned task that is on; empty if there is none."""
    from eventvision.tasks import parse_task

    for task in settings.tasks:
        if not task.on or task.name in ("alarm", "counting"):
            continue
        try:
            model = parse_task(task.text).model
        except EventVisionError:
            continue
        if model and task.name != "graph":
            return model
    return ""


def short_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return dotted names without the parts that all begin with.

    >>> short_names(["net.first.in", "net.first.out", "net.last"])
    ('first.in', 'first.out', 'last')
    """
    parts = [name.split(".") for name in names]
    while parts and all(len(each) > 1 and each[0] == parts[0][0] for each in parts):
        parts = [each[1:] for each in parts]
    return tuple(".".join(each) for each in parts)


class ActivityWatch:
    """Measures from when it is made until it is stopped.

    Args:
        model: Name or folder of the model.
        latest: Returns the latest slices.
    """

    def __init__(self, model: str, latest: Callable[[], tuple[Slice, ...]]) -> None:
        self._model, self._latest = model, latest
        self._stop = threading.Event()
        self._reports: deque[ActivityReport] = deque(maxlen=COLUMNS)
        self._problem = ""
        self._thread = threading.Thread(target=self._work, name="activity", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for that."""
        self._stop.set()
        self._thread.join()

    def activity(self) -> Activity:
        """Return what was measured so far."""
        reports = tuple(self._reports)
        if not reports:
            return Activity(model=self._model, problem=self._problem)
        rates = np.array([[layer.rate for layer in report.neurons] for report in reports]).T
        spiking = [
            index
            for index, layer in enumerate(reports[-1].layers)
            if layer.synaptic_operations is not None
        ]
        operations = [
            [report.layers[index].synaptic_operations or 0.0 for index in spiking]
            for report in reports
        ]
        return Activity(
            model=self._model,
            neurons=short_names(layer.name for layer in reports[-1].neurons),
            rates=rates,
            layers=short_names(reports[-1].layers[index].name for index in spiking),
            operations=np.array(operations).T,
            dense=np.array([reports[-1].layers[index].macs for index in spiking]),
            problem=self._problem,
        )

    def _work(self) -> None:
        stand_back(BACKGROUND)
        stepper: _Stepper | None = None
        seen_us = -1
        try:
            while not self._stop.wait(1 / MOST_HZ):
                slices = self._latest()
                if not slices or slices[-1].t1_us == seen_us:
                    continue
                slice_ = slices[-1]
                seen_us = slice_.t1_us
                sensor = slice_.events.sensor
                if stepper is None or stepper.sensor != sensor:
                    if stepper is not None:
                        stepper.close()
                    stepper = _Stepper(self._model, sensor)
                began_s = time.monotonic()
                self._reports.append(stepper.step(slice_))
                self._stop.wait(time.monotonic() - began_s)  # at most half of the time
        except EventVisionError as error:
            self._problem = str(error)
        finally:
            if stepper is not None:
                stepper.close()


class _Stepper:
    """The integer form of a model, for one size of sensor."""

    def __init__(self, model: str, sensor: SensorSize) -> None:
        from eventvision.core import load_card
        from eventvision.representations import parse_representation
        from eventvision.tasks import Frame, Network

        self.sensor = sensor
        card = load_card(model)
        frame = Frame.of(card, sensor)
        self._session = _CountedSession(card, frame.filled)
        drawn = parse_representation(card.representation, frame.filled)
        self._network = Network(card, self._session, drawn, frame)

    def step(self, slice_: Slice) -> ActivityReport:
        """Take a slice and return what the layers did."""
        from eventvision.spiking.counting import IntegerCounter

        self._network.step(slice_)
        counter = IntegerCounter(self._session.network)
        counter.count()
        return counter.report()

    def close(self) -> None:
        """End its threads."""
        self._session.close()


class _CountedSession:
    """Runs the integer form; what it answers is of no interest here."""

    def __init__(self, card: ModelCard, size: SensorSize) -> None:
        from eventvision.spiking.integer import IntegerNetwork, load_model

        self.network = IntegerNetwork(load_model(card.artifact("integer")), size)
        (self._input,) = (node.name for node in self.network.model.inputs)

    def step(self, inputs: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[np.generic]]:
        """Take a step."""
        (values,) = inputs.values()
        self.network.step({self._input: values[0]})
        return {}

    def reset(self) -> None:
        """Forget the stream seen so far."""
        self.network.reset()

    def close(self) -> None:
        """End its threads."""
        self.network.close()
