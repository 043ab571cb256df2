"""The networks of a run: each model opened once on its device, for all tasks that read it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from eventvision.core import DeviceError, ModelCard, SensorSize, load_card
from eventvision.devices import DeviceChoice, DeviceSession, open_session
from eventvision.representations import parse_representation
from eventvision.tasks import Frame, Network, TaskForm

TRIGGER = "trigger"
"""Name of the slicer's network where devices are chosen by task."""

_MOST_THREADS = 2
"""Reading and filtering have threads of their own."""


@dataclass(frozen=True, slots=True)
class NetworkReport:
    """What became of a network in a run.

    Attributes:
        model: Its name.
        tasks: Who read its outputs.
        device: What ran it last.
        artifact: The form of the model that ran.
        binning: So many by so many pixels of the sensor were one of the network's.
        steps: How often it ran; silent slices need no step.
        dropped: Slices that got no result because the device had failed.
        failures: How often it failed.
        restarts: How often it was started again.
        is_running: Whether the next slice will be tried.
    """

    model: str
    tasks: tuple[str, ...]
    device: str
    artifact: str
    binning: int
    steps: int
    dropped: int
    failures: int
    restarts: int
    is_running: bool = True


@dataclass(slots=True)
class _Opened:
    network: Network
    session: DeviceSession
    tasks: list[str] = field(default_factory=list)


class Networks:
    """Opens models for tasks, and closes them.

    Any thread may open, also while another one closes: what comes too late is closed at once.

    Args:
        sensor: Size of the pixel array that slices come from.
        devices: Which device runs which task; tasks with the same model and device share it.
        report: Takes one line for every failure and restart of a device; they are logged if None.
    """

    def __init__(
        self,
        sensor: SensorSize,
        devices: DeviceChoice | None = None,
        report: Callable[[str], None] | None = None,
    ) -> None:
        self._sensor = sensor
        self._devices = devices or DeviceChoice()
        self._report = report
        self._opened: dict[tuple[str, str], _Opened] = {}
        self._triggers: list[DeviceSession] = []
        self._keeping = threading.Lock()
        self._is_closed = False

    def open(self, form: TaskForm) -> Network:
        """Return the network behind a task.

        Raises:
            ModelError: If the model is missing or damaged, or takes another input.
            DeviceError: If it cannot run, or the run has ended.
        """
        card = load_card(form.model)
        device = self._devices.device_for(form.name)
        key = str(card.folder), device
        if key not in self._opened:
            found = self._open(card, device)
            with self._kept(found.session):
                self._opened[key] = found
        opened = self._opened[key]
        if form.name not in opened.tasks:
            opened.tasks.append(form.name)
        return opened.network

    def open_trigger(self, model: str, sizes: Mapping[str, int]) -> tuple[ModelCard, DeviceSession]:
        """Return the network of a slicer, on the device that `trigger` is placed on.

        Args:
            model: Its name or folder.
            sizes: Free sizes of its inputs by name.

        Raises:
            ModelError: If the model is missing or damaged.
            DeviceError: If it cannot run.
        """
        card = load_card(model)
        device = self._devices.device_for(TRIGGER)
        session = open_session(card, device, sizes=sizes, report=self._report)
        with self._kept(session):
            self._triggers.append(session)
        return card, session

    def take_triggers(self) -> list[DeviceSession]:
        """Return the networks of slicers opened so far, for the caller to close."""
        taken, self._triggers = self._triggers, []
        return taken

    def give_back_triggers(self, sessions: Sequence[DeviceSession]) -> None:
        """Take sessions back, to close them in the end."""
        self._triggers.extend(sessions)

    def close(self) -> None:
        """Release all devices; may be called twice."""
        with self._keeping:
            self._is_closed = True
            opened = [each.session for each in self._opened.values()]
            sessions = [*self._triggers, *opened]
        for session in sessions:
            session.close()

    def reports(self) -> list[NetworkReport]:
        """Say what became of each network."""
        found = []
        for opened in tuple(self._opened.values()):
            health = opened.session.health
            found.append(
                NetworkReport(
                    model=opened.network.name,
                    tasks=tuple(opened.tasks),
                    device=health.device,
                    artifact=opened.session.artifact,
                    binning=opened.network.frame.binning,
                    steps=opened.network.steps,
                    dropped=health.dropped,
                    failures=health.failures,
                    restarts=health.restarts,
                    is_running=health.is_running,
                )
            )
        return found

    @contextmanager
    def _kept(self, session: DeviceSession) -> Iterator[None]:
        """Let a session be kept, to be closed at the end; if that is over, close it now."""
        with self._keeping:
            if not self._is_closed:
                yield
                return
        session.close()
        raise DeviceError(session.health.device, "the run has ended", "begin another")

    def _open(self, card: ModelCard, device: str) -> _Opened:
        frame = Frame.of(card, self._sensor)
        threads = min(_MOST_THREADS, _usable_cores())
        session = open_session(
            card, device, threads=threads, sizes=frame.sizes(card), report=self._report
        )
        try:
            representation = parse_representation(card.representation, frame.filled)
            network = Network(card, session, representation, frame)
        except BaseException:
            session.close()
            raise
        return _Opened(network, session)


def _usable_cores() -> int:
    """Return how many cores this process may run on."""
    affinity = getattr(os, "sched_getaffinity", None)
    return (os.cpu_count() or 1) if affinity is None else len(affinity(0))
