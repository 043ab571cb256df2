"""The text in front of Prophesee RAW recordings: lines that begin with `% `."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from eventvision.core import FormatError, SensorSize

Encoding = Literal["EVT2", "EVT2.1", "EVT2.1 legacy", "EVT3"]

_MOST_HEADER_BYTES = 1 << 20
_ENCODINGS: dict[str, Encoding] = {"2.0": "EVT2", "2": "EVT2", "2.1": "EVT2.1", "21": "EVT2.1"}
_ENCODINGS |= {"3.0": "EVT3", "3": "EVT3"}
_CAMERA_KEYS = (
    ("camera_integrator_name", "integrator_name"),
    ("sensor_name", "plugin_name"),
    ("serial_number",),
)
_REMEDY = "check that it is an EVT2, EVT2.1 or EVT3 recording"


@dataclass(frozen=True, kw_only=True, slots=True)
class EvtHeader:
    """What the text says.

    Attributes:
        encoding: How the words after it are to be read.
        sensor: Size of the pixel array; None where it is not stated.
        camera: Maker, model and serial as far as stated.
        t0_us: Time to add to those in the words.
        size: Length of the text in bytes.
    """

    encoding: Encoding
    sensor: SensorSize | None
    camera: str
    t0_us: int
    size: int


def read_evt_header(path: Path) -> EvtHeader:
    """Read the header of a RAW recording.

    Raises:
        FormatError: If there is none, or it names no known encoding.
    """
    with path.open("rb") as file:
        text = file.read(_MOST_HEADER_BYTES)
    fields, size = _fields(text)
    if not fields:
        raise FormatError(path, "does not begin with a RAW header", _REMEDY)
    return EvtHeader(
        encoding=_encoding(path, fields, text[size:]),
        sensor=_sensor(fields),
        camera=_camera(fields),
        t0_us=int(fields["t0"]) if re.fullmatch(r"\d{1,16}", fields.get("t0", "")) else 0,
        size=size,
    )


def _fields(text: bytes) -> tuple[dict[str, str], int]:
    """Return the header's keys and values, and its length; words follow without a mark."""
    fields: dict[str, str] = {}
    at = 0
    while text.startswith(b"% ", at):
        end = text.find(b"\n", at)
        line = text[at + 2 : end]
        if end < 0 or not line.rstrip(b"\r").isascii():
            break
        key, _, value = line.decode().strip().partition(" ")
        at = end + 1
        if key == "end":
            fields.setdefault("end", "")
            break
        fields[key] = value.strip()
    return fields, at


def _encoding(path: Path, fields: dict[str, str], words: bytes) -> Encoding:
    name, *options = fields.get("format", "").split(";")
    stated = name.upper().removeprefix("EVT") or fields.get("evt", "")
    if not stated:
        raise FormatError(path, "its header names no encoding (`% evt 3.0`)", _REMEDY)
    if stated not in _ENCODINGS:
        raise FormatError(path, f"has the encoding EVT{stated}, which cannot be read", _REMEDY)
    encoding = _ENCODINGS[stated]
    if encoding != "EVT2.1" or "endianness=little" in options:
        return encoding
    legacy = "endianness=legacy" in options or _upper_half_comes_first(words)
    return "EVT2.1 legacy" if legacy else encoding


def _upper_half_comes_first(words: bytes) -> bool:
    """Tell the halves of EVT2.1 words apart by their time words, whose other half is empty."""
    halves = np.frombuffer(words, "<u4", len(words) // 8 * 2).reshape(-1, 2)
    times = (halves >> 28 == 8) & (halves[:, ::-1] == 0)
    first, second = times.sum(axis=0)
    return bool(first > second)


def _sensor(fields: dict[str, str]) -> SensorSize | None:
    stated = dict(re.findall(r"(width|height)=(\d{1,5})", fields.get("format", "")))
    text = f"{stated.get('width')}x{stated.get('height')}"
    for candidate in (text, fields.get("geometry", "")):
        try:
            return SensorSize.parse(candidate)
        except ValueError:
            continue
    return None


def _camera(fields: dict[str, str]) -> str:
    found = [next((fields[k] for k in keys if fields.get(k)), "") for keys in _CAMERA_KEYS]
    return " ".join(part for part in found if part)
