"""The words of a RAW recording, decoded a step at a time."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Damage, SensorSize
from eventvision.io._decoder import Decoder, Step, checked
from eventvision.io._file_bytes import Bytes

from .decoder import EvtDecoder
from .header import EvtHeader

_STEP_BYTES_PER_EVENT = 6
_LEAST_STEP_BYTES = 1 << 12
_LOOKAHEAD_BYTES = 1 << 17
"""More than the kernels look at, to see whether the next time contradicts one."""

_MESSAGES = {
    "no-time-base": "events before the first time and row",
    "reserved-words": "{} words of reserved types",
    "false-time": "{} time words that those after them contradict",
}


class EvtSteps(Decoder):
    """Decodes one recording.

    Args:
        header: What stands before the words.
        packet_events: How many events one step may return, at least 64.
    """

    def __init__(self, header: EvtHeader, *, packet_events: int = 65_536) -> None:
        self._t0_us = header.t0_us
        self._decoder = EvtDecoder(header.encoding, most_events=packet_events)
        self._step_bytes = max(_LEAST_STEP_BYTES, _STEP_BYTES_PER_EVENT * packet_events)

    def copy(self) -> Self:
        """Return a decoder in the same state."""
        return self._with(self._decoder.copy())

    def _with(self, decoder: EvtDecoder) -> Self:
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin._decoder = decoder
        return twin

    def pack(self) -> NDArray[np.int64]:
        """Return times, row, column and polarity that words still to come refer to."""
        return self._decoder.state

    def unpack(self, numbers: NDArray[np.int64]) -> Self:
        """Return a decoder with such a state."""
        values = checked(numbers, count=self._decoder.state.size)
        return self._with(self._decoder.with_state(np.array(values, np.int64)))

    def step(self, data: Bytes, start: int) -> Step:
        """Decode a stretch that begins at an offset."""
        part = data[start : start + self._step_bytes + _LOOKAHEAD_BYTES]
        if part.size < self._decoder.word_bytes:
            return Step.of_nothing(data.size, self._cut(start, data.size))
        stop = min(part.size, self._step_bytes)
        events, triggers, used = self._decoder.step(part, 0, stop)
        if self._t0_us:
            events["t"] += self._t0_us
            triggers["t"] += self._t0_us
        after = start + used
        damage = tuple(
            Damage(
                kind=kind,
                message=_MESSAGES[kind].format(count),
                byte_start=start,
                byte_end=after,
                events_skipped=count if kind == "no-time-base" else 0,
            )
            for kind, count in self._decoder.take_findings().items()
        )
        return Step(events=events, after=after, triggers=triggers, damage=damage)

    def skim(
        self, data: Bytes, start: int, stop: int, last_us: int, sensor: SensorSize
    ) -> tuple[int, int]:
        """Get over words in which all is well; see `Decoder`."""
        used, last_us = self._decoder.skim(data[start:stop], last_us - self._t0_us, sensor)
        return start + used, last_us + self._t0_us

    def _cut(self, start: int, size: int) -> Damage:
        message = f"the last word has {size - start} of {self._decoder.word_bytes} bytes"
        return Damage(kind="truncated", message=message, byte_start=start, byte_end=size)
