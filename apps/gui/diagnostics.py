"""What whoever helps needs to know, as text to copy: versions, devices, cameras, settings, status.

Secrets are not in it: tokens and passwords are replaced, and the path of the home folder too.
"""

from __future__ import annotations

import json
import os
import platform
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from eventvision.devices import probe_devices
from eventvision.io import camera_drivers, list_cameras

from .state import AppState, Problem

PACKAGES = (
    "eventvision", "numpy", "numba", "opencv-python-headless", "av", "dv-processing",
    "neuromorphic-drivers", "onnxruntime", "torch", "PyQt6", "PyQt6-Qt6",
)  # fmt: skip
_SECRET = re.compile(
    r"""(?ix) ( [\w-]* (?: token | password | passphrase | secret | credential )  # its name
        (?! _file ) ["']? \s* [=:] \s* ["']? ) [^\s"'&,;}]+"""
)
_HIDDEN = r"\1(hidden)"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the application knew at a moment, as sections of lines."""

    sections: tuple[tuple[str, tuple[str, ...]], ...]


def snapshot(state: AppState) -> Snapshot:
    """Return what the application knows; quick, in the thread of the windows."""
    sections = (
        ("source", _source(state)),
        ("pipeline", _plain(state.pipeline.value)),
        ("playback", _plain(state.playback.value)),
        ("views", _plain(state.views.value)),
        ("status", _status(state)),
        ("problems", _problems(state.problems.value)),
    )
    return Snapshot(tuple((title, tuple(lines)) for title, lines in sections))


def collect(taken: Snapshot) -> str:
    """Return the whole text. Takes a second: devices and cameras are asked."""
    sections = (
        ("eventvision", tuple(_program())),
        ("devices", tuple(_devices())),
        ("cameras", tuple(_cameras())),
        *taken.sections,
    )
    lines = [line for title, content in sections for line in (f"[{title}]", *content, "")]
    return without_secrets("\n".join(lines))


def without_secrets(text: str) -> str:
    """Return a text in which secrets and the home folder are replaced.

    >>> without_secrets("tcp://host:7777?token=abc&sensor=2x2")
    'tcp://host:7777?token=(hidden)&sensor=2x2'
    """
    home = str(Path.home())
    shown = text.replace(home, "~") if len(home) > 1 else text
    return _SECRET.sub(_HIDDEN, shown)


def _program() -> Iterator[str]:
    for name in PACKAGES:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            yield f"{name}: not installed"
    yield f"Python {sys.version.split()[0]}, {platform.platform()}"
    yield f"{platform.machine()}, {os.cpu_count()} processors"
    desktop = os.environ.get("XDG_SESSION_TYPE", "")
    yield f"desktop: {desktop or sys.platform}"


def _devices() -> Iterator[str]:
    for info in probe_devices():
        yield f"{info.name}: {info.summary}" if info.is_present else f"{info.name}: {info.missing}"


def _cameras() -> Iterator[str]:
    try:
        cameras = list_cameras()
    except Exception as error:  # drivers are other people's code
        yield f"could not be looked for ({type(error).__name__}: {error})"
        return
    for each in cameras:
        yield f"{each.name}: {each.title}, {each.problem or 'ready'}"
    if not cameras:
        yield "none attached"
    for driver in camera_drivers():
        if driver.missing:
            yield f"driver {driver.name}: {driver.missing}"


def _source(state: AppState) -> Iterator[str]:
    part = state.source.value
    yield f"name: {part.name or 'none'}"
    if part.info is not None:
        info = part.info
        yield f"format: {info.format}, sensor {info.sensor} from {info.sensor_from}"
        yield from (f"note: {note}" for note in info.notes)
    if part.waiting:
        yield f"waiting: {part.waiting}"
    yield f"damage: {part.damage or 'none'}"


def _status(state: AppState) -> Iterator[str]:
    status = state.status.value
    yield from ["no pipeline runs"] if status is None else _listed(status.as_dict())


def _problems(problems: Iterable[Problem]) -> Iterator[str]:
    told = [f"{each.severity} in {each.where}: {each.text}" for each in problems]
    yield from told or ["none"]


def _plain(part: Any) -> Iterator[str]:
    yield from _listed(asdict(part)) if is_dataclass(part) and not isinstance(part, type) else ()


def _listed(values: Mapping[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        yield f"{name}: {json.dumps(value, default=str, ensure_ascii=False)}"
