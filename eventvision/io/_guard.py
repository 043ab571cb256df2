"""The gate through which events enter: afterwards order and bounds can be trusted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EVENT_DTYPE, Damage, DamageReport, SensorSize
from eventvision.kernels import guard as rules

from ._false_start import START_EVENTS, false_start

_PIXEL_AND_POLARITY = (1 << 33) - 1


class StreamGuard:
    """Lets through events that lie on the sensor and whose times never decrease.

    What comes out is the same however the stream is cut into batches. The rules, in this order:

    - An event outside the sensor is dropped (`outside-sensor`), and so is one before time 0
      (`negative-time`) or after 2^53 us, which no clock in use shows (`time-jump`).
    - An event up to 1 ms behind its predecessor is moved forward to it: recorders that write from
      several threads jitter by some tens of us, and neither losing such events nor delaying all
      that follow would be better. They are counted (`time-backwards`, none skipped).
    - An event 1 ms to 1 s ahead is held back until the next one comes. It is dropped if that goes
      on from the one before it (`time-jump`), and passes otherwise.
    - An event further behind, or more than 1 s ahead, is in doubt and held back. When the stream
      returns to where it was, the events in doubt were outliers and are dropped
      (`time-backwards` or `time-jump`).
    - When 64 events in a row, in order among themselves, stay on that side, the clock has really
      moved. Up to 1 hour ahead is a quiet scene: they pass as they are. Further ahead, or behind
      (a clock reset, a splice), the gap is closed: this and all that follows is shifted so that
      it continues 1 us after the last event (`time-jump`, none skipped). `shift_us` tells by how
      much, for whatever else carries times of that clock.
    - Nothing before the first events tells whether they are right, so that those after them judge:
      the first 64 are looked at together, see `false_start`.

    At most 64 events are held; `flush` at the end of the stream lets go of those that may pass.
    Where events must not wait for others, in live streams, the first batch alone judges its first
    events, and the last event of a batch is not held back for being ahead.

    Args:
        sensor: Size of the pixel array.
        damage: Where to report what was wrong.
        is_live: Whether events must not wait.
    """

    def __init__(self, sensor: SensorSize, damage: DamageReport, *, is_live: bool = False) -> None:
        self.damage = damage
        self._sensor = sensor
        self._is_live = is_live
        self._state = np.zeros(rules.STATE_WORDS, np.int64)
        self._held = np.zeros((rules.RUN_EVENTS, 2), np.int64)
        self._first: list[NDArray[np.void]] | None = []
        self._first_byte: int | None = None
        self._last_byte: int | None = None

    def copy(self, damage: DamageReport) -> StreamGuard:
        """Return a guard in the same state that reports to `damage`."""
        twin = StreamGuard(self._sensor, damage, is_live=self._is_live)
        twin._state[:] = self._state
        twin._held[:] = self._held
        twin._first = None if self._first is None else list(self._first)
        twin._first_byte, twin._last_byte = self._first_byte, self._last_byte
        return twin

    NUMBERS = rules.STATE_WORDS
    """How many numbers `pack` gives."""

    @property
    def is_in_doubt(self) -> bool:
        """Whether more is held back than `pack` can say."""
        return bool(self._state[rules.HELD] or self._first)

    def pack(self) -> NDArray[np.int64]:
        """Return the state as numbers; only while no event is in doubt."""
        return self._state.copy()

    def unpack(self, numbers: NDArray[np.int64]) -> StreamGuard:
        """Return a guard of the same sensor in a state that was packed.

        Raises:
            ValueError: If there is no such state.
        """
        started, last_us, shift_us, held, above, peak, peak_us, place = numbers.tolist()
        are_times = min(last_us, peak_us) >= 0 and max(last_us, peak_us) <= rules.LATEST_US
        is_pixel = (
            0 <= place < 1 << 33
            and place & 0xFFFF < self._sensor.width
            and place >> 16 & 0xFFFF < self._sensor.height
        )
        is_sound = are_times and is_pixel and abs(shift_us) <= 1 << 60
        if not is_sound or held or not {started, above, peak} <= {0, 1}:
            raise ValueError("no guard is in such a state")
        twin = StreamGuard(self._sensor, DamageReport(), is_live=self._is_live)
        twin._state[:] = numbers
        twin._first = None if started else []
        return twin

    @property
    def last_us(self) -> int:
        """Time of the last event let through; -1 before the first."""
        if not self._state[rules.STARTED]:
            return -1
        return int(self._state[rules.LAST] + self._state[rules.SHIFT])

    @property
    def follows_us(self) -> int | None:
        """Time, in those of the stream, that the next event follows; None while any is in doubt."""
        state = self._state
        if not state[rules.STARTED] or self.is_in_doubt:
            return None
        return int(state[rules.PEAK_US] if state[rules.PEAK] else state[rules.LAST])

    def pass_over(self, last_us: int) -> None:
        """Go on as if events had passed, of which nothing was wrong, up to one at `last_us`.

        Whether that one stays a peak for the next event to judge is not known: only if the next
        two events are in order as well, the state is what it would have been.
        """
        self._state[rules.PEAK], self._state[rules.LAST] = 0, last_us

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
        if self._first is not None and data.size:
            begun = self._begin(data)
            is_clean = is_clean and begun is data
            data = begun
            if self._first_byte is None:
                self._first_byte = byte_start
            byte_start = self._first_byte
            self._last_byte = byte_end
        if data.size == 0:
            return data
        passed = self._passed(_words(data), data, is_clean=is_clean)
        if passed is None:
            out = np.empty(data.size + rules.RUN_EVENTS + 1, EVENT_DTYPE)
            counts = np.zeros(rules.COUNTS, np.int64)
            kept = rules.mend(
                _words(data), _words(out), self._held, self._state, counts,
                self._sensor.width, self._sensor.height,
            )  # fmt: skip
            self._report(counts, byte_start, byte_end)
            passed = out[:kept]
        if self._is_live and self._state[rules.PEAK]:
            passed = np.concatenate([passed, self._settled()])
        return passed

    def _passed(
        self, words: NDArray[np.int64], data: NDArray[np.void], *, is_clean: bool
    ) -> NDArray[np.void] | None:
        """Return the events of a batch in which nothing is wrong, but for a peak; None if it is."""
        state, peak = self._state, self._state[rules.PEAK]
        last_us = state[rules.PEAK_US] if peak else state[rules.LAST]
        if not state[rules.STARTED]:
            last_us = max(0, words[0, 0])
        of_them = words[:1] if is_clean else words
        width, height = self._sensor.width, self._sensor.height
        if state[rules.HELD] or not rules.is_clean(of_them, last_us, width, height):
            return None
        before = self._settled() if peak else data[:0]
        state[rules.STARTED] = 1
        last_us = words[-2, 0] if len(words) > 1 else last_us
        if words[-1, 0] - last_us > rules.JITTER_US:
            state[rules.PEAK], state[rules.PEAK_US] = 1, words[-1, 0]
            state[rules.PEAK_PLACE] = words[-1, 1] & _PIXEL_AND_POLARITY
            data = data[:-1]
        else:
            last_us = words[-1, 0]
        state[rules.LAST] = last_us
        passed = _shifted(data, self.shift_us)
        return np.concatenate([before, passed]) if before.size else passed

    def _begin(self, data: NDArray[np.void]) -> NDArray[np.void]:
        """Return what has come so far, once it is enough to judge the first events by."""
        first = self._first or []
        words = _words(data[:START_EVENTS])
        width, height = self._sensor.width, self._sensor.height
        enough = not first and len(words) == START_EVENTS
        if enough and rules.is_clean(words, max(0, words[0, 0]), width, height):
            self._first = None
            return data
        joined = np.concatenate([*first, data])
        possible = self._possible(joined)
        if not self._is_live and possible.size < START_EVENTS:
            self._first = [joined]
            return joined[:0]
        return self._judged(joined, possible)

    def _possible(self, data: NDArray[np.void]) -> NDArray[np.intp]:
        """Return the places of events that could be right."""
        inside = (data["x"] < self._sensor.width) & (data["y"] < self._sensor.height)
        return np.flatnonzero(inside & (data["t"] >= 0) & (data["t"] <= rules.LATEST_US))

    def _judged(self, data: NDArray[np.void], possible: NDArray[np.intp]) -> NDArray[np.void]:
        """Return the beginning of the stream without the first events if these are wrong."""
        self._first = None
        count = false_start(data["t"][possible[:START_EVENTS]])
        if not count:
            return data
        message = f"{count} events at the beginning that those after them contradict"
        self.damage.add(Damage(kind="time-jump", message=message, events_skipped=count))
        return np.delete(data, possible[:count])

    def flush(self) -> NDArray[np.void]:
        """Return the events still held back; call it once the stream has ended."""
        if not self._first:
            return self._settled()
        (data,) = self._first
        judged = self._judged(data, self._possible(data))
        passed = self.admit(judged, byte_start=self._first_byte, byte_end=self._last_byte)
        return np.concatenate([passed, self._settled()])

    def _settled(self) -> NDArray[np.void]:
        if not self._state[rules.HELD] and not self._state[rules.PEAK]:
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
