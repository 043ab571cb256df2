"""Events in UDP datagrams, as SPIF, AEStream, EventCV and faery send them.

- `spif`: a 32-bit word for the pixel, x in bits 16 to 30, polarity in bit 15, y in bits 0 to 14;
  bit 31 says that no time follows, otherwise the next word is the time. Whether times are there
  is seen from the data, `spif-untimed` only sends none. Little-endian, or big-endian where asked.
- `t32_x16_y15_on1`: 32-bit time, 16-bit x, 16-bit word of y and, lowest, polarity.
- `t64_x16_y16_on8`: 64-bit time, 16-bit x and y, a byte of polarity; 13 bytes an event.

Times are microseconds; those of 32 bits wrap after 71 minutes. None of these formats numbers its
datagrams, so that a lost one leaves no trace. Both ends may agree to put `EVN1` and a 32-bit
number in front of each datagram.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eventvision.core import EVENT_DTYPE, SourceError

from .names import Address

DATAGRAM_BYTES = 1400
"""Events in one datagram take at most this, which fits into the frames of common networks."""

_NUMBER = struct.Struct("<4sI")
_NUMBER_MARK = b"EVN1"

_T32 = np.dtype([("t", "<u4"), ("x", "<u2"), ("y_on", "<u2")])
_T64 = np.dtype([("t", "<u8"), ("x", "<u2"), ("y", "<u2"), ("on", "u1")])
_UNTIMED, _POLARITY = 1 << 31, 1 << 15
_PIXEL_MASK = (1 << 15) - 1


class DatagramError(Exception):
    """A datagram is not in the format that was agreed."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a datagram holds.

    Attributes:
        events: Shape (N,), dtype `EVENT_DTYPE`; times as sent, or 0 where none are.
        time_bits: Bits of the times; 0 where there are none.
    """

    events: NDArray[np.void]
    time_bits: int


@dataclass(frozen=True, slots=True)
class DatagramFormat:
    """How events are put into datagrams.

    Attributes:
        event_bytes: Bytes an event takes when it is sent.
        largest_px: Most pixels that a side of the sensor may have.
        decode: Takes a datagram and byte order `<` or `>`. Raises DatagramError.
        encode: Takes events, shape (N,), dtype `EVENT_DTYPE`, and the byte order.
    """

    event_bytes: int
    largest_px: int
    decode: Callable[[bytes, str], Decoded]
    encode: Callable[[NDArray[np.void], str], bytes]


def _decode_spif(datagram: bytes, order: str) -> Decoded:
    words = _read(datagram, np.dtype(f"{order}u4")).astype(np.uint32)
    timed = words.size > 0 and not words[0] & _UNTIMED
    if timed and words.size % 2:
        raise DatagramError("its last event has no time")
    pixels = words[::2] if timed else words
    if ((pixels & _UNTIMED != 0) == timed).any():
        raise DatagramError("some of its events have times and some have none")
    times = words[1::2] if timed else 0
    x, y = pixels >> 16 & _PIXEL_MASK, pixels & _PIXEL_MASK
    return Decoded(_events(times, x, y, pixels & _POLARITY != 0), 32 if timed else 0)


def _encode_spif(events: NDArray[np.void], order: str) -> bytes:
    words = np.empty((events.size, 2), f"{order}u4")
    words[:, 0], words[:, 1] = _pixels(events), events["t"] & 0xFFFFFFFF
    return words.tobytes()


def _encode_untimed_spif(events: NDArray[np.void], order: str) -> bytes:
    return (_pixels(events) | np.uint32(_UNTIMED)).astype(f"{order}u4").tobytes()


def _pixels(events: NDArray[np.void]) -> NDArray[np.uint32]:
    x, y, on = (events[name].astype(np.uint32) for name in ("x", "y", "on"))
    return x << np.uint32(16) | on << np.uint32(15) | y


def _decode_t32(datagram: bytes, _: str) -> Decoded:
    found = _read(datagram, _T32)
    return Decoded(_events(found["t"], found["x"], found["y_on"] >> 1, found["y_on"] & 1), 32)


def _encode_t32(events: NDArray[np.void], _: str) -> bytes:
    out = np.empty(events.size, _T32)
    out["t"], out["x"] = events["t"] & 0xFFFFFFFF, events["x"]
    out["y_on"] = events["y"] << 1 | events["on"]
    return out.tobytes()


def _decode_t64(datagram: bytes, _: str) -> Decoded:
    found = _read(datagram, _T64)
    return Decoded(_events(found["t"].view("<i8"), found["x"], found["y"], found["on"]), 64)


def _encode_t64(events: NDArray[np.void], _: str) -> bytes:
    out = np.empty(events.size, _T64)
    for name in ("t", "x", "y", "on"):
        out[name] = events[name]
    return out.tobytes()


def _read(datagram: bytes, dtype: np.dtype[Any]) -> NDArray[Any]:
    if len(datagram) % dtype.itemsize:
        raise DatagramError(f"{len(datagram)} bytes are no whole number of events")
    return np.frombuffer(datagram, dtype)


def _events(t: ArrayLike, x: NDArray[np.generic], y: ArrayLike, on: ArrayLike) -> NDArray[np.void]:
    events = np.zeros(len(x), EVENT_DTYPE)
    events["t"], events["x"], events["y"], events["on"] = t, x, y, on
    return events


FORMATS = {
    "spif": DatagramFormat(8, 1 << 15, _decode_spif, _encode_spif),
    "spif-untimed": DatagramFormat(4, 1 << 15, _decode_spif, _encode_untimed_spif),
    "t32_x16_y15_on1": DatagramFormat(8, 1 << 15, _decode_t32, _encode_t32),
    "t64_x16_y16_on8": DatagramFormat(13, 65_535, _decode_t64, _encode_t64),
}


@dataclass(frozen=True, slots=True)
class Wire:
    """What both ends have agreed upon.

    Attributes:
        name: Name of the format in `FORMATS`.
        byteorder: `<` or `>`, which matters for SPIF.
        is_numbered: Whether a number stands in front of each datagram.
    """

    name: str
    byteorder: str
    is_numbered: bool

    @classmethod
    def of(cls, address: Address) -> Wire:
        """Read the options `format`, `byteorder` and `numbered`.

        Raises:
            SourceError: If one of them has an unknown value.
        """
        name = _choice(address, "format", "spif", FORMATS)
        order = _choice(address, "byteorder", "little", {"little", "big"})
        numbered = _choice(address, "numbered", "no", {"no", "yes"})
        return cls(name, ">" if order == "big" else "<", numbered == "yes")

    @property
    def format(self) -> DatagramFormat:
        """The format."""
        return FORMATS[self.name]

    def encode(self, events: NDArray[np.void], number: int) -> Iterator[bytes]:
        """Yield datagrams of these events, shape (N,), dtype `EVENT_DTYPE`, from a number on."""
        content = self.format.encode(events, self.byteorder)
        step = DATAGRAM_BYTES // self.format.event_bytes * self.format.event_bytes
        for index, start in enumerate(range(0, len(content), step)):
            yield self._head(number + index) + content[start : start + step]

    def decode(self, contents: Sequence[bytes]) -> Decoded:
        """Return what datagrams hold that are of one kind, without their numbers.

        Raises:
            DatagramError: If one of them is not what was agreed upon.
        """
        decoded = self.format.decode(b"".join(contents), self.byteorder)
        if decoded.events.size:
            event_bytes = sum(map(len, contents)) // decoded.events.size
            if any(len(content) % event_bytes for content in contents):
                raise DatagramError("it holds a part of an event")
        return decoded

    def split(self, datagram: bytes) -> tuple[int, bytes]:
        """Return the number of a datagram, 0 where it has none, and the rest.

        Raises:
            DatagramError: If it should have one.
        """
        if not self.is_numbered:
            return 0, datagram
        if len(datagram) < _NUMBER.size or datagram[:4] != _NUMBER_MARK:
            raise DatagramError("it has no number")
        return _NUMBER.unpack_from(datagram)[1], datagram[_NUMBER.size :]

    def _head(self, number: int) -> bytes:
        return _NUMBER.pack(_NUMBER_MARK, number % (1 << 32)) if self.is_numbered else b""


def _choice(address: Address, option: str, default: str, known: Collection[str]) -> str:
    chosen = address.options.get(option, default)
    if chosen not in known:
        values = ", ".join(sorted(known))
        raise SourceError(address.text, f"has {option}={chosen}", f"known are {values}")
    return chosen
