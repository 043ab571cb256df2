"""The text in front of AEDAT2 recordings, and what it says about camera and scales."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from eventvision.core import FormatError, SensorSize

MAGIC = b"#!AER-DAT2"

_MOST_HEADER_BYTES = 1 << 24
_LINE = re.compile(rb"#[\t\x20-\x7e\x80-\xff]*\r?\n")
_END = b"#End Of ASCII Header"

_CHIPS = (
    ("dvs128", True, SensorSize(128, 128)),
    ("tmpdiff128", True, SensorSize(128, 128)),
    ("davis128", False, SensorSize(128, 128)),
    ("davis208", False, SensorSize(208, 192)),
    ("davis240", False, SensorSize(240, 180)),
    ("sbret10", False, SensorSize(240, 180)),
    ("davis346", False, SensorSize(346, 260)),
    ("davis640", False, SensorSize(640, 480)),
)
"""Names of chips as they begin, lower case; whether the addresses are those of DVS128; size."""

_LSB_PER_G = {2: 16384.0, 4: 8192.0, 8: 4096.0, 16: 2048.0}
_LSB_PER_DEG_S = {250: 131.0, 500: 65.5, 1000: 32.8, 2000: 16.4}


@dataclass(frozen=True, kw_only=True, slots=True)
class Aedat2Header:
    """What the text says.

    Attributes:
        is_dvs128: Whether addresses are those of DVS128, not DAVIS; None where that is not said.
        sensor: Size of the pixel array; None likewise.
        camera: Class of the chip and name of the interface, as far as stated.
        lsb_per_g: Steps of the accelerometer per g.
        lsb_per_deg_s: Steps of the gyroscope per degree per second.
        scales_stated: Whether these come from the file; else they are usual ones.
        global_shutter: Whether frames were exposed all at once.
        size: Length of the text in bytes.
    """

    is_dvs128: bool | None
    sensor: SensorSize | None
    camera: str
    lsb_per_g: float
    lsb_per_deg_s: float
    scales_stated: bool
    global_shutter: bool
    size: int


def read_aedat2_header(path: Path) -> Aedat2Header:
    """Read the header.

    Raises:
        FormatError: If it is not that of an AEDAT2 recording.
    """
    with path.open("rb") as file:
        content = file.read(_MOST_HEADER_BYTES)
    if not content.startswith(MAGIC):
        remedy = "check that it is an AEDAT2 recording"
        raise FormatError(path, "does not begin with an AEDAT2 header", remedy)
    size = _length(content)
    text = content[:size].decode("ascii", "replace")
    chip = _last_word(text, "AEChip").rpartition(".")[2]
    known = next((row for row in _CHIPS if chip.lower().startswith(row[0])), None)
    accelerometer = re.search(r'ImuAccelScale" value="ImuAccelScaleG(2|4|8|16)"', text)
    gyroscope = re.search(r'ImuGyroScale" value="GyroFullScaleDegPerSec(\d+)"', text)
    full_deg_s = int(gyroscope[1]) if gyroscope and int(gyroscope[1]) in _LSB_PER_DEG_S else 500
    return Aedat2Header(
        is_dvs128=known[1] if known else None,
        sensor=known[2] if known else None,
        camera=" ".join(filter(None, (chip, _field(text, "HardwareInterface")))),
        lsb_per_g=_LSB_PER_G[int(accelerometer[1]) if accelerometer else 4],
        lsb_per_deg_s=_LSB_PER_DEG_S[full_deg_s],
        scales_stated=accelerometer is not None and gyroscope is not None,
        global_shutter=re.search(r'(?i)global_?shutter\w*" value="true"', text) is not None,
        size=size,
    )


def _length(content: bytes) -> int:
    """Return where the text ends; a record may well begin with the byte of `#`."""
    at = 0
    while match := _LINE.match(content, at):
        at = match.end()
        if match[0].startswith(_END):
            break
    return at


def _field(text: str, name: str) -> str:
    match = re.search(rf"^#\s*{name}:[ \t]*(.*?)[ \t]*\r?$", text, re.MULTILINE)
    return match[1] if match else ""


def _last_word(text: str, name: str) -> str:
    return (_field(text, name).split() or [""])[-1]
