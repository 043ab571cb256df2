"""The other process: answers one request after another, and ends with the one that asked.

Run as `python -m eventvision.devices._process._worker PORT`; the first line of its standard input
is the word by which the asker knows it. Whatever drivers print goes where errors go.
"""

from __future__ import annotations

import dataclasses
import faulthandler
import json
import os
import socket
import sys
import threading
from pathlib import Path
from typing import Any

from eventvision.core import (
    Device,
    DeviceError,
    EventVisionError,
    ModelCard,
    Session,
    SessionOptions,
    load_card,
)
from eventvision.devices._registry import find_device

from ._readings import facet_names, reading
from ._wire import Message, Wire, WireError


class Worker:
    """Answers requests about one device.

    Args:
        name: The device.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._device: Device | None = None
        self._session: Session | None = None

    def answer(self, request: Message) -> Message:
        """Do what is asked; what goes wrong is an answer too."""
        try:
            return self._done(request)
        except EventVisionError as error:
            problem, remedy = getattr(error, "problem", str(error)), getattr(error, "remedy", "")
        except Exception as error:  # whatever a driver raises
            problem, remedy = f"{type(error).__name__}: {error}", ""
        return Message({"problem": problem, "remedy": remedy})

    def _done(self, request: Message) -> Message:
        values = request.values
        match values["do"]:
            case "probe":
                return Message(dataclasses.asdict(self._found().probe()))
            case "fits":
                return Message(dataclasses.asdict(self._found().fits(*_model(values))))
            case "open":
                self._session = self._found().open(*_model(values))
                return Message({"facets": facet_names(self._session)})
            case "step":
                return Message({}, self._opened().step(request.arrays))
            case "read":
                return Message({"reading": reading(self._opened(), values["facet"])})
            case "reset":
                self._opened().reset()
                return Message({})
        raise DeviceError(self._name, f"no such request: {values['do']}", "install one version")

    def _found(self) -> Device:
        if self._device is None:
            self._device = find_device(self._name)
        return self._device

    def _opened(self) -> Session:
        if self._session is None:
            raise DeviceError(self._name, "nothing is open", "open a model first")
        return self._session


def _model(values: Any) -> tuple[ModelCard, SessionOptions]:
    card = load_card(Path(values["folder"]))
    card = dataclasses.replace(card, artifacts=values["artifacts"])
    return card, SessionOptions(**values["options"])


def serve(port: int) -> None:
    """Answer until the asker hangs up."""
    told = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_the_asker, daemon=True).start()
    wire = Wire(socket.create_connection(("127.0.0.1", port)))
    wire.send(Message({"word": told["word"]}))
    worker = Worker(told["device"])
    try:
        while True:
            wire.send(worker.answer(wire.receive()))
    except WireError:
        return


def _end_with_the_asker() -> None:
    """End at once when the asker has gone, even in the middle of a step that hangs."""
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    faulthandler.enable()
    serve(int(sys.argv[1]))
