"""The gate through which events enter: afterwards order and bounds can be trusted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EVENT_DTYPE, Damage, DamageReport, SensorSize
from eventvision.kernels import guard as rules


class StreamGuard:
    """Lets through events that lie on the sensor and whose times never decrease.

    What comes out is the same however the stream is cut into batches. The rules, in this order:

    - An event outside the sensor is dropped (`outside-sensor`), and so is one before time 0
      (`negative-time`) or after 2^53 us, which no clock in use shows (`time-jump`).
    - An event up to 1 ms behind its predecessor is moved forward to it: recorders that write from
      several threads jitter by some tens of us, and neither losing such events nor delaying all
      that follow would be better. They are counted (`time-backwards`, none skipped).
    - An event further behind, or more than 1 s ahead, is in doubt and held back. When the stream
      returns to where it was, the events in doubt were outliers and are dropped
      (`time-backwards` or `time-jump`).
    - When 64 events in a row, in order among themselves, stay on that side, the clock has really
      moved. Up to 1 hour ahead is a quiet scene: they pass as they are. Further ahead, or behind
      (a clock reset, a splice), the gap is closed: this and all that follows is shifted so that
      it continues 1 us after the last event (`time-jump`, none skipped). `shift_us` tells by how
      much, for whatever else carries times of that clock.

    At most 63 events are held; `flush` at the end of the stream lets go of those that lie ahead
    and drops those that lie behind.
    """

    def __init__(self, sensor: SensorSize, damage: DamageReport) -> None:
        self.damage = damage
        self._sensor = sensor
        self._state = np.zeros(rules.STATE_WORDS, np.int64)
        self._held = np.zeros((rules.RUN_EVENTS, 2), np.int64)

    def copy(self, damage: DamageReport) -> StreamGuard:
        """Return a guard in the same state that reports to `damage`."""
        twin = StreamGuard(self._sensor, damage)
        twin._state[:] = self._state
        twin._held[:] = self._held
        return twin

    NUMBERS = rules.STATE_WORDS
    """How many numbers `pack` gives."""

    @property
    def is_in_doubt(self) -> bool:
        """Whether events are held back."""
        return bool(self._state[rules.HELD])

    def pack(self) -> NDArray[np.int64]:
        """Return the state as numbers; only while no event is in doubt."""
        return self._state.copy()

    def unpack(self, numbers: NDArray[np.int64]) -> StreamGuard:
        """Return a guard of the same sensor in a state that was packed.

        Raises:
            ValueError: If there is no such state.
        """
        started, last_us, shift_us, held, above = numbers.tolist()
        is_time = 0 <= last_us <= rules.LATEST_US and abs(shift_us) <= 1 << 60
        if not is_time or held or not {started, above} <= {0, 1}:
            raise ValueError("no guard is in such a state")
        twin = StreamGuard(self._sensor, DamageReport())
        twin._state[:] = numbers
        return twin

    @property
    def last_us(self) -> int:
        """Time of the last event let through; -1 before the first."""
        if not self._state[rules.STARTED]:
            return -1
        return int(self._state[rules.LAST] + self._state[rules.SHIFT])

    @property
    def shift_us(self) -> int:
        """What is added to the times of the stream at present to close gaps."""
        return int(self._state[rules.SHIFT])

    def admit(
        self,
        data: NDArray[np.void],
        *,
        byte_start: int | None = None,
        byte_end: int | None = None,
        is_clean: bool = False,
    ) -> NDArray[np.void]:
        """Return the events that may pass; `data` itself where nothing was wrong.

        Args:
            data: Shape (N,), dtype `EVENT_DTYPE`; the next events of the stream.
            byte_start: Where they begin in the file, for the damage report.
            byte_end: Where they end.
            is_clean: Whether `kernels.guard.is_clean` is known to hold for them on their own.
        """
        if data.size == 0:
            return data
        words = _words(data)
        state = self._state
        last_us = state[rules.LAST] if state[rules.STARTED] else max(0, words[0, 0])
        width, height = self._sensor.width, self._sensor.height
        of_them = words[:1] if is_clean else words
        if not state[rules.HELD] and rules.is_clean(of_them, last_us, width, height):
            state[rules.STARTED], state[rules.LAST] = 1, words[-1, 0]
            return _shifted(data, self.shift_us)
        out = np.empty(data.size + rules.RUN_EVENTS, EVENT_DTYPE)
        counts = np.zeros(rules.COUNTS, np.int64)
        kept = rules.mend(words, _words(out), self._held, state, counts, width, height)
        self._report(counts, byte_start, byte_end)
        return out[:kept]

    def flush(self) -> NDArray[np.void]:
        """Return the events still held back; call it once the stream has ended."""
        if not self._state[rules.HELD]:
            return np.empty(0, EVENT_DTYPE)
        out = np.empty(rules.RUN_EVENTS, EVENT_DTYPE)
        counts = np.zeros(rules.COUNTS, np.int64)
        kept = rules.settle(_words(out), self._held, self._state, counts)
        self._report(counts, None, None)
        return out[:kept]

    def _report(self, counts: NDArray[np.int64], start: int | None, end: int | None) -> None:
        for kind, message, skipped in _findings([int(count) for count in counts], self._sensor):
            self.damage.add(
                Damage(
                    kind=kind,
                    message=message,
                    byte_start=start,
                    byte_end=end,
                    events_skipped=skipped,
                )
            )


def _findings(counts: list[int], sensor: SensorSize) -> list[tuple[str, str, int]]:
    """Put counts into words: kind, message, events skipped."""
    outside, negative, behind, moved, moved_us, ahead, jumps, jump_us = counts
    found = []
    if outside:
        found.append(("outside-sensor", f"events outside {sensor}", outside))
    if negative:
        found.append(("negative-time", "events before time 0", negative))
    late = [f"{moved} events moved forward by up to {moved_us} us"] if moved else []
    if behind:
        late.append(f"{behind} events behind those before them")
    if late:
        found.append(("time-backwards", ", ".join(late), behind))
    leaps = [f"{jumps} clock steps of up to {jump_us} us closed up"] if jumps else []
    if ahead:
        leaps.append(f"{ahead} events far ahead of those around them")
    if leaps:
        found.append(("time-jump", ", ".join(leaps), ahead))
    return found


def _words(data: NDArray[np.void]) -> NDArray[np.int64]:
    return np.ascontiguousarray(data).view(np.int64).reshape(-1, 2)


def _shifted(data: NDArray[np.void], shift_us: int) -> NDArray[np.void]:
    if shift_us == 0:
        return data
    moved = data.copy()
    moved["t"] += shift_us
    return moved
