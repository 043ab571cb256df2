"""The device that runs another one in a process of its own."""

from __future__ import annotations

import dataclasses
import threading
import weakref
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import DeviceError, DeviceInfo, Fit, ModelCard, SessionOptions
from eventvision.devices._tensors import Arrays

from ._child import Child
from ._readings import remote_facets
from ._wire import Message

_PROBE_TIMEOUT_S = 60.0
"""Drivers look at their hardware, and big libraries are loaded, for the first time."""


class ProcessDevice:
    """Another device, out of this process.

    A process that was started to ask the device about itself is the one that opens the model next.

    Args:
        device: Name of the other device; empty for none, which only tells what this is.

    Raises:
        DeviceError: If it is a process itself.
    """

    def __init__(self, device: str = "") -> None:
        self._device, self._name = device, f"process:{device}" if device else "process"
        if device.startswith("process:"):
            raise DeviceError(self._name, "it is a process already", f"write {device}")
        self._info: DeviceInfo | None = None
        self._spare: list[Child] = []
        weakref.finalize(self, _stop_all, self._spare)

    def probe(self) -> DeviceInfo:
        """Ask the other device; a driver that crashes when it is asked is missing."""
        if self._info is None:
            self._info = self._probed() if self._device else self._without()
        return self._info

    def fits(self, card: ModelCard, options: SessionOptions) -> Fit:
        """Ask the other device."""
        if not self._device:
            return Fit(reason="it names no device", remedy="write process:NAME")
        return Fit(**self._asked(_request("fits", card, options)))

    def open(self, card: ModelCard, options: SessionOptions) -> ProcessSession:
        """Start a process and let it open the model."""
        return ProcessSession(self._child(options.start_timeout_s), card, options)

    def _probed(self) -> DeviceInfo:
        try:
            values = self._asked(Message({"do": "probe"}))
        except DeviceError as error:
            without = self._without()
            return dataclasses.replace(without, missing=error.problem, remedy=error.remedy)
        tuples = {name: tuple(values[name]) for name in ("formats", "facets")}
        return DeviceInfo(**{**values, **tuples, "name": self._name})

    def _without(self) -> DeviceInfo:
        summary = "process:NAME runs another device where its crashes do no harm"
        return DeviceInfo(name=self._name, summary=summary, formats=())

    def _asked(self, request: Message) -> dict[str, Any]:
        child = self._child(_PROBE_TIMEOUT_S)
        try:
            answer = child.ask(request, _PROBE_TIMEOUT_S)
        except BaseException:
            child.stop()
            raise
        self._spare.append(child)
        return dict(answer.values)

    def _child(self, timeout_s: float) -> Child:
        """Return the process that answered before, else a new one."""
        return self._spare.pop() if self._spare else Child(self._device, self._name, timeout_s)


class ProcessSession:
    """A session in another process.

    Args:
        child: The process; it ends with the session.
        card: The model; the other process reads it from its folder.
        options: Sizes and deadlines.

    Raises:
        DeviceError: If the device in it does not start.
    """

    def __init__(self, child: Child, card: ModelCard, options: SessionOptions) -> None:
        self._timeout_s = options.step_timeout_s
        self._one_at_a_time = threading.Lock()
        self._child = child
        try:
            opened = self._child.ask(_request("open", card, options), options.start_timeout_s)
            self.facets = remote_facets(opened.values["facets"], self._read)
        except BaseException:
            self.close()
            raise

    def step(self, inputs: Arrays) -> dict[str, NDArray[np.generic]]:
        """Take one step over there.

        Raises:
            DeviceError: If the process fails, or is not done in time.
        """
        return dict(self._ask(Message({"do": "step"}, inputs)).arrays)

    def reset(self) -> None:
        """Set the state back over there."""
        self._ask(Message({"do": "reset"}))

    def close(self) -> None:
        """End the process."""
        self._child.stop()

    def _read(self, facet: str) -> Any:
        return self._ask(Message({"do": "read", "facet": facet})).values["reading"]

    def _ask(self, request: Message) -> Message:
        with self._one_at_a_time:
            return self._child.ask(request, self._timeout_s)


def _request(what: str, card: ModelCard, options: SessionOptions) -> Message:
    return Message(
        {
            "do": what,
            "folder": str(card.folder.absolute()),
            "artifacts": dict(card.artifacts),
            "options": dataclasses.asdict(options),
        }
    )


def _stop_all(children: list[Child]) -> None:
    while children:
        children.pop().stop()
