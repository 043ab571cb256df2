"""Event Stream (ES) version 2, bytes as sensors of contrast (DVS) and of exposure (ATIS) send them.

An event is one byte with the time since the one before and its polarity, then x and y, two bytes
each, the lower one first. Bytes that stand alone add to the time of the next event:

- DVS: time in the upper 7 bits, brighter in the lowest; 0xFF adds 127 us, 0xFE does nothing.
- ATIS: time in the upper 6 bits, bit 1 polarity, bit 0 marks an exposure measurement, which is no
  contrast event; 0xFC to 0xFF add 0 to 3 times 63 us.

Nothing marks where an event begins. Where one lies outside the sensor, the next place is looked for
from which several events in a row do not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel
from ._memory import address_of, load_u8, load_u32
from .guard import DOUBT_US

DVS, ATIS = 1, 2

TIME_US, EVENTS, EXPOSURES, PLACES = range(4)
STATE_WORDS = 4

EVENT_BYTES = 5
_WITNESSES = 8
"""Events in a row on the sensor that prove a place right."""

_REACH_BYTES = 65_536
_BLOCK_EVENTS = 16
LOOKAHEAD_BYTES = 2 * _REACH_BYTES


@inline
def _is_time(byte: int, kind: int) -> bool:
    return byte >= (0xFE if kind == DVS else 0xFC)


@inline
def _added_us(byte: int, kind: int) -> int:
    if kind == DVS:
        return 127 if byte == 0xFF else 0
    return 63 * (byte & 3)


@inline
def _on_sensor(data: NDArray[np.uint8], at: int, width: int, height: int) -> bool:
    x = np.int64(data[at + 1]) | (np.int64(data[at + 2]) << 8)
    y = np.int64(data[at + 3]) | (np.int64(data[at + 4]) << 8)
    return bool(x < width and y < height)


@inline
def _is_place(data: NDArray[np.uint8], at: int, kind: int, width: int, height: int) -> bool:
    """Whether events begin at an offset; what the end of the file cuts short is believed."""
    seen = 0
    for _ in range(4 * _WITNESSES):
        if at + EVENT_BYTES > data.size or seen == _WITNESSES:
            return True
        if _is_time(data[at], kind):
            at += 1
        elif _on_sensor(data, at, width, height):
            at += EVENT_BYTES
            seen += 1
        else:
            return False
    return seen > 0


@inline
def _next_place(data: NDArray[np.uint8], at: int, kind: int, width: int, height: int) -> int:
    if _is_place(data, at + EVENT_BYTES, kind, width, height):
        return at + EVENT_BYTES
    stop = min(at + _REACH_BYTES, data.size)
    for place in range(at + 1, stop):
        if _is_place(data, place, kind, width, height):
            return place
    return stop


@inline
def _skim_block(data: NDArray[np.uint8], at: int, width: int, height: int) -> tuple[bool, int]:
    """Return whether `_BLOCK_EVENTS` DVS events on the sensor follow, and how long they take."""
    address = address_of(data) + at
    latest, signs, took_us = 0, 0, 0
    for i in range(_BLOCK_EVENTS):
        byte, pixel = load_u8(address + EVENT_BYTES * i), load_u32(address + EVENT_BYTES * i + 1)
        latest = max(latest, byte)
        signs |= (width - 1 - (pixel & 0xFFFF)) | (height - 1 - (pixel >> 16))
        took_us += byte >> 1
    return latest < 0xFE and signs >= 0, took_us


@kernel
def skim_dvs(
    data: NDArray[np.uint8], t_us: int, last_us: int, width: int, height: int
) -> tuple[int, int, int]:
    """Get over bytes of DVS events that all lie on the sensor, less than `DOUBT_US` apart.

    Args:
        data: Bytes of the recording.
        t_us: Time that they have reached.
        last_us: Time of the last event.
        width: Columns of the sensor.
        height: Rows of the sensor.

    Returns:
        How many bytes were skimmed, the time reached, and that of the last event.
    """
    at = 0
    while t_us >= last_us and at < data.size:
        if at + EVENT_BYTES * _BLOCK_EVENTS <= data.size:
            is_plain, took_us = _skim_block(data, at, width, height)
            if is_plain and t_us + took_us - last_us <= DOUBT_US:
                t_us += took_us
                last_us = t_us
                at += EVENT_BYTES * _BLOCK_EVENTS
                continue
        byte = int(data[at])
        if _is_time(byte, DVS):
            t_us += _added_us(byte, DVS)
            at += 1
            continue
        t = t_us + (byte >> 1)
        if at + EVENT_BYTES > data.size or t - last_us > DOUBT_US:
            break
        if not _on_sensor(data, at, width, height):
            break
        t_us = last_us = t
        at += EVENT_BYTES
    return at, t_us, last_us


@kernel
def decode_es(
    data: NDArray[np.uint8],
    stop: int,
    kind: int,
    width: int,
    height: int,
    events: NDArray[np.int64],
    places: NDArray[np.int64],
    state: NDArray[np.int64],
) -> int:
    """Decode from the beginning; return the offset to continue from.

    It is `stop` or more, less where the data end or an output is full.

    Rows are turned so that they count from the top.

    Args:
        data: Bytes of the recording; of those after `stop`, `LOOKAHEAD_BYTES` are looked at, and
            the recording ends where fewer are there.
        stop: Offset at which to stop.
        kind: `DVS` or `ATIS`.
        width: Columns of the sensor.
        height: Rows of the sensor.
        events: Shape (2 * N,), `EVENT_DTYPE` as 64-bit words.
        places: Shape (M, 2): first byte and end of each stretch that made no sense.
        state: Shape (STATE_WORDS,), kept between calls: `TIME_US` of the last event; `EVENTS`,
            `EXPOSURES` and `PLACES` are set to how many there were.
    """
    t = state[TIME_US]
    at, found, exposures, lost = 0, 0, 0, 0
    while found < events.size // 2 and lost < places.shape[0] and at < stop:
        byte = int(data[at])
        if _is_time(byte, kind):
            t += _added_us(byte, kind)
            at += 1
        elif at + EVENT_BYTES > data.size:
            break
        elif not _on_sensor(data, at, width, height):
            places[lost, 0] = at
            at = _next_place(data, at, kind, width, height)
            places[lost, 1] = at
            lost += 1
        else:
            t += byte >> (1 if kind == DVS else 2)
            x = np.int64(data[at + 1]) | (np.int64(data[at + 2]) << 8)
            y = np.int64(data[at + 3]) | (np.int64(data[at + 4]) << 8)
            if kind == ATIS and byte & 1:
                exposures += 1
            else:
                on = byte & 1 if kind == DVS else (byte >> 1) & 1
                events[2 * found] = t
                events[2 * found + 1] = x | ((height - 1 - y) << 16) | (on << 32)
                found += 1
            at += EVENT_BYTES
    state[TIME_US], state[EVENTS], state[EXPOSURES], state[PLACES] = t, found, exposures, lost
    return at
