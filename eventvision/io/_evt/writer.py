"""Writes RAW recordings: EVT3, EVT2 or EVT2.1, with external triggers.

The words hold 24 bits (EVT3) or 34 bits (EVT2, EVT2.1) of the time; a reader continues them as
long as it has seen the beginning. A recording that begins later than that says so in its header:
`% t0` is to be added to all times. Our reader and faery do; a reader that does not know the key
gets times that begin at 0.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from eventvision.core import (
    EVENT_DTYPE,
    TRIGGER_DTYPE,
    OutputError,
    Packet,
    SensorSize,
    output_errors,
)
from eventvision.kernels import evt_encode as kernel

EvtEncoding = Literal["EVT2", "EVT2.1", "EVT3"]

_LARGEST_SIDE_PX = 1 << 11
_LONGEST_SILENCE_US = 1 << 45
_BUFFER_WORDS = 1 << 18
_MOST_WAITING = 1 << 20
_REMEDY = "write AEDAT4 instead"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Variant:
    """What differs between the encodings."""

    version: str
    options: str
    time_bits: int
    sources: int
    word: type[np.unsignedinteger[Any]]
    encode: Callable[..., int]


_VARIANTS: dict[EvtEncoding, _Variant] = {
    "EVT2": _Variant(
        version="2.0",
        options="EVT2",
        time_bits=34,
        sources=32,
        word=np.uint32,
        encode=partial(kernel.encode_evt2, with_vectors=False),
    ),
    "EVT2.1": _Variant(
        version="2.1",
        options="EVT21;endianness=little",
        time_bits=34,
        sources=32,
        word=np.uint32,
        encode=partial(kernel.encode_evt2, with_vectors=True),
    ),
    "EVT3": _Variant(
        version="3.0",
        options="EVT3",
        time_bits=24,
        sources=16,
        word=np.uint16,
        encode=kernel.encode_evt3,
    ),
}


class EvtWriter:
    """Writes events and triggers to a RAW file as they come.

    A trigger that comes after later events have been written is moved forward to the last of
    them; one of an input that the format has no number for is left out. `notes` tells of both.

    Attributes:
        carries: What is stored besides events: triggers.
    """

    carries: ClassVar[frozenset[str]] = frozenset({"triggers"})

    def __init__(
        self,
        path: str | Path,
        sensor: SensorSize,
        *,
        encoding: EvtEncoding = "EVT3",
        camera: str = "",
    ) -> None:
        """Create the file; its header is written with the first events or triggers.

        Args:
            path: The file; replaced if it exists.
            sensor: Size of the pixel array.
            encoding: Kind of words.
            camera: Name of the camera; its first line is stored.

        Raises:
            OutputError: If the sensor is too large for the format or the file cannot be written.
            ValueError: If there is no such encoding.
        """
        if encoding not in _VARIANTS:
            raise ValueError(f"encoding must be EVT2, EVT2.1 or EVT3, got {encoding!r}")
        self._path, self._sensor, self._camera = path, sensor, camera
        self._encoding: EvtEncoding = encoding
        self._variant = _VARIANTS[encoding]
        if max(sensor.width, sensor.height) > _LARGEST_SIDE_PX:
            limit = f"sensors up to {_LARGEST_SIDE_PX} pixels wide and high"
            raise OutputError(path, f"{encoding} holds {limit}, not {sensor}", _REMEDY)
        self._state = kernel.new_state()
        self._words = np.empty(_BUFFER_WORDS, self._variant.word)
        self._origin_us: int | None = None
        self._last_us = 0
        self._waiting = np.empty(0, TRIGGER_DTYPE)
        self._late = self._late_us = self._left_out = 0
        with output_errors(self._path):
            self._file = Path(path).open("wb", buffering=0)  # noqa: SIM115
        self._is_cut = False

    @property
    def notes(self) -> tuple[str, ...]:
        """What could not be stored as it was given, one sentence each."""
        notes = []
        if self._origin_us:
            begin = f"Times begin at 0 in the words of {self._encoding}"
            notes.append(f"{begin}; the header adds {self._origin_us} us (`t0`).")
        if self._late:
            notes.append(
                f"{self._late} triggers that came late were moved forward by up to "
                f"{self._late_us} us."
            )
        if self._left_out:
            limit = f"{self._encoding} numbers its inputs 0 to {self._variant.sources - 1}"
            notes.append(f"{self._left_out} triggers were left out: {limit}.")
        return tuple(notes)

    def write(self, packet: Packet) -> None:
        """Append the events and triggers of a packet; triggers ahead of the events wait for them.

        They have reached the operating system when this returns.

        Raises:
            OutputError: If a time or a pixel does not fit the format, or the file cannot be
                written; what was stored before stays readable, and nothing can follow it.
        """
        data = packet.events.data
        waiting = self._with_known(packet.triggers)
        until_us = int(data["t"][-1]) if data.size else self._last_us
        due = int(np.searchsorted(waiting["t"], until_us, "right"))
        if waiting.size > _MOST_WAITING:
            due = waiting.size
        self._waiting = waiting[due:]
        self._store(data, waiting[:due])

    def close(self) -> None:
        """Finish the file; may be called twice."""
        if self._file.closed:
            return
        try:
            if not self._is_cut:
                self._store(np.empty(0, EVENT_DTYPE), self._waiting)
            if self._origin_us is None:
                with output_errors(self._path):
                    self._begin(0)
        finally:
            with output_errors(self._path):
                self._file.close()

    def _store(self, events: NDArray[np.void], triggers: NDArray[np.void]) -> None:
        triggers = self._not_late(triggers)
        times = [column["t"] for column in (events, triggers) if column.size]
        if not times:
            return
        first_us, last_us = int(min(t[0] for t in times)), int(max(t[-1] for t in times))
        self._check(events, first_us)
        with self._all_or_nothing():
            if self._origin_us is None:
                self._begin(first_us)
            self._encode(_as_words(events, EVENT_DTYPE), _as_words(triggers, TRIGGER_DTYPE))
        self._last_us = last_us

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """Cut off what could be written only in part."""
        before = self._file.tell()
        try:
            with output_errors(self._path):
                if self._is_cut:
                    raise OSError(errno.EIO, "an earlier packet could not be stored")
                yield
        except OutputError:
            self._is_cut = True
            with suppress(OSError):
                self._file.truncate(before)
            raise

    def _append(self, data: memoryview) -> None:
        while data:
            data = data[self._file.write(data) :]

    def _begin(self, first_us: int) -> None:
        """Write the header."""
        self._origin_us = first_us if first_us >> self._variant.time_bits else 0
        size, variant = self._sensor, self._variant
        lines = [
            f"evt {variant.version}",
            f"format {variant.options};height={size.height};width={size.width}",
            f"geometry {size}",
            *([f"camera_integrator_name {name}"] if (name := _line(self._camera)) else []),
            *([f"t0 {self._origin_us}"] if self._origin_us else []),
            "end",
        ]
        self._append(memoryview("".join(f"% {line}\n" for line in lines).encode("ascii")))

    def _encode(self, events: NDArray[np.int64], triggers: NDArray[np.int64]) -> None:
        state = self._state
        state[kernel.EVENTS] = state[kernel.TRIGGERS] = 0
        while 2 * (state[kernel.EVENTS] + state[kernel.TRIGGERS]) < events.size + triggers.size:
            count = self._variant.encode(events, triggers, self._origin_us, self._words, state)
            self._append(self._words[:count].data.cast("B"))

    def _with_known(self, triggers: NDArray[np.void]) -> NDArray[np.void]:
        """Return the triggers that wait and those of these that can be stored, in order."""
        if not triggers.size:
            return self._waiting
        known = (triggers["source"] >= 0) & (triggers["source"] < self._variant.sources)
        self._left_out += int(triggers.size - known.sum())
        joined = np.concatenate([self._waiting, triggers[known]])
        return joined[np.argsort(joined["t"], kind="stable")]

    def _not_late(self, triggers: NDArray[np.void]) -> NDArray[np.void]:
        late_us = self._last_us - triggers["t"]
        if self._origin_us is None or not (late_us > 0).any():
            return triggers
        self._late += int((late_us > 0).sum())
        self._late_us = max(self._late_us, int(late_us.max()))
        moved = triggers.copy()
        moved["t"] = np.maximum(moved["t"], self._last_us)
        return moved

    def _check(self, data: NDArray[np.void], first_us: int) -> None:
        problem = ""
        silence_us = int(np.diff(data["t"]).max(initial=0))
        if self._origin_us is not None:
            silence_us = max(silence_us, first_us - self._last_us)
        if first_us < self._last_us:
            problem = f"an event at {first_us} us comes after {self._last_us} us"
        elif silence_us > _LONGEST_SILENCE_US:
            problem = f"{self._encoding} cannot bridge a silence of {silence_us / 1e6:.0f} s"
        elif max(data["x"].max(initial=0), data["y"].max(initial=0)) >= _LARGEST_SIDE_PX:
            problem = f"{self._encoding} holds pixels below {_LARGEST_SIDE_PX}"
        if problem:
            raise OutputError(self._path, problem, _REMEDY)


def _as_words(data: NDArray[np.void], dtype: np.dtype[Any]) -> NDArray[np.int64]:
    return np.ascontiguousarray(data, dtype).view(np.int64)


def _line(text: str) -> str:
    """Return the first line of a text, as far as a header can hold it."""
    first = next(iter(text.splitlines()), "")
    return first.encode("ascii", "replace").decode().strip()[:200]
