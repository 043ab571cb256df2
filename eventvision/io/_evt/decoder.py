"""Words of EVT2, EVT2.1 and EVT3 in, events and triggers out; state kept in between."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EVENT_DTYPE, TRIGGER_DTYPE, SensorSize
from eventvision.kernels import evt2, evt3, evt_skim

from .header import Encoding

_TRIGGERS = 1024
_HEAD = {"EVT2": -1, "EVT2.1 legacy": 0, "EVT2.1": 1}
_KINDS = ("no-time-base", "reserved-words", "false-time")
_WORD_BYTES = {"EVT2": 4, "EVT2.1 legacy": 8, "EVT2.1": 8, "EVT3": 2}


class EvtDecoder:
    """Decodes one stream.

    Attributes:
        word_bytes: Length of a word.
    """

    def __init__(
        self,
        encoding: Encoding,
        *,
        most_events: int = 65_536,
        state: NDArray[np.int64] | None = None,
    ) -> None:
        """Start at the beginning of a stream, or where another decoder stands.

        Args:
            encoding: How to read the words.
            most_events: How many events one step may return, at least 64.
            state: That of another decoder; is copied.

        Raises:
            ValueError: If `most_events` is less.
        """
        if most_events < 64:
            raise ValueError(f"most_events must be 64 or more, got {most_events}")
        self.word_bytes = _WORD_BYTES[encoding]
        self._encoding: Encoding = encoding
        self._most_events = most_events
        self._blocks = evt3.new_blocks()
        self._kernels = evt3 if encoding == "EVT3" else evt2
        self._state = self._kernels.new_state() if state is None else state.copy()

    def copy(self) -> Self:
        """Return a decoder in the same state."""
        return self.with_state(self._state)

    @property
    def state(self) -> NDArray[np.int64]:
        """All that it remembers; a copy."""
        return self._state.copy()

    def with_state(self, state: NDArray[np.int64]) -> Self:
        """Return a decoder of the same encoding in another state."""
        return type(self)(self._encoding, most_events=self._most_events, state=state)

    def step(
        self, data: NDArray[np.uint8], start: int, stop: int
    ) -> tuple[NDArray[np.void], NDArray[np.void], int]:
        """Decode a stretch of words.

        Args:
            data: The recording; not changed.
            start: Offset of the first word.
            stop: Offset at which to stop.

        Returns:
            Events, triggers, and the offset to continue from: `stop` (less the bytes of a cut
            word), or earlier where `most_events` were found.
        """
        events = np.empty(self._most_events, EVENT_DTYPE)
        triggers = np.empty(_TRIGGERS, TRIGGER_DTYPE)
        outputs = events.view(np.int64), triggers.view(np.int64)
        if self._encoding == "EVT3":
            after = evt3.decode_evt3(data, start, stop, *outputs, self._state, self._blocks)
        else:
            head = _HEAD[self._encoding]
            after = evt2.decode_evt2(data, start, stop, *outputs, self._state, head)
        found, edges = self._state[self._kernels.EVENTS], self._state[self._kernels.TRIGGERS]
        return _trimmed(events, found), triggers[:edges].copy(), after

    def skim(self, data: NDArray[np.uint8], last_us: int, sensor: SensorSize) -> tuple[int, int]:
        """Get over words in which all is well.

        Args:
            data: Words that follow those decoded so far.
            last_us: Time of the last event.
            sensor: Size of the pixel array.

        Returns:
            How many bytes were skimmed, and the time of the last event now.
        """
        size = sensor.width, sensor.height
        if self._encoding == "EVT3":
            return evt_skim.skim_evt3(data, 0, data.size, self._state, last_us, *size)
        head = _HEAD[self._encoding]
        return evt_skim.skim_evt2(data, 0, data.size, self._state, head, last_us, *size)

    def take_findings(self) -> dict[str, int]:
        """Return what was odd since the last call, by kind of damage, and forget it."""
        odd = self._state[self._kernels.ORPHANS : self._kernels.FALSE_TIMES + 1]
        if not odd.any():
            return {}
        found = {kind: int(count) for kind, count in zip(_KINDS, odd, strict=True) if count}
        odd[:] = 0
        return found


def _trimmed(events: NDArray[np.void], count: int) -> NDArray[np.void]:
    """Return the first events; a copy where that saves much memory."""
    few = 2 * count < events.size
    return events[:count].copy() if few else events[:count]
