"""Places in a recording from which decoding can go on: what seeking needs of an index."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventvision.core import DamageReport

from ._decoder import Decoder
from ._guard import StreamGuard

MARK_BYTES = 4 << 20
"""Distance of marks at first: decoded in some milliseconds."""
MOST_MARKS, MOST_LARGE_MARKS = 4096, 64
"""With more, every other one goes, so that the index of any recording stays small; positions at
which there is much to know, such as half a frame, are large."""

_OWN_NUMBERS = 2


@dataclass(slots=True)
class Position:
    """A place in a recording, with all that has to be known there.

    Attributes:
        offset: First byte that was not decoded yet.
        latest_us: Latest time of anything delivered before; -1 at the beginning.
        decoder: State of the decoder there.
        guard: State of the guard there.
    """

    offset: int
    latest_us: int
    decoder: Decoder
    guard: StreamGuard

    def copy(self, damage: DamageReport) -> Position:
        """Return the same position, independent of this one."""
        return Position(self.offset, self.latest_us, self.decoder.copy(), self.guard.copy(damage))

    def pack(self) -> NDArray[np.int64] | None:
        """Return the position as numbers, None if these would be many."""
        decoder = self.decoder.pack()
        if decoder is None:
            return None
        return np.concatenate([[self.offset, self.latest_us], self.guard.pack(), decoder])

    def unpack(self, numbers: NDArray[np.int64]) -> Position:
        """Return another position in the same recording, from what it packed.

        Raises:
            ValueError: If there is none.
        """
        rest = _OWN_NUMBERS + StreamGuard.NUMBERS
        guard = self.guard.unpack(numbers[_OWN_NUMBERS:rest])
        decoder = self.decoder.unpack(numbers[rest:])
        return Position(int(numbers[0]), int(numbers[1]), decoder, guard)


class Marks:
    """Positions in the order of the file; the first is the beginning.

    Attributes:
        is_complete: Whether they reach to the end.
    """

    def __init__(self, begin: Position) -> None:
        self.is_complete = False
        self._positions = [begin]
        self._spacing = MARK_BYTES
        self._most = MOST_LARGE_MARKS if begin.pack() is None else MOST_MARKS

    def __len__(self) -> int:
        return len(self._positions)

    @property
    def last(self) -> Position:
        """The position furthest in the file."""
        return self._positions[-1]

    @property
    def due(self) -> int:
        """Offset from which on another position is far enough from the last one."""
        return self.last.offset + self._spacing

    def before(self, t_us: int) -> Position:
        """Return the last position before which there is nothing from a time on."""
        found = bisect_left(self._positions, t_us, key=lambda position: position.latest_us)
        return self._positions[max(0, found - 1)]

    def note(self, position: Position) -> None:
        """Remember a position if it is far enough from the last one, and no event is in doubt."""
        if position.offset < self.due or position.guard.is_in_doubt:
            return
        self._positions.append(position.copy(DamageReport()))
        if len(self) > self._most:
            self._positions = self._positions[::2]
            self._spacing *= 2

    def pack(self) -> NDArray[np.int64] | None:
        """Return all as numbers, one row each; None where a decoder remembers too much."""
        rows = [position.pack() for position in self._positions]
        return None if rows[0] is None else np.stack([row for row in rows if row is not None])

    def unpack(self, rows: NDArray[np.int64], *, size: int, is_complete: bool) -> Marks:
        """Return marks in the same recording, which has `size` bytes, from what they packed.

        Raises:
            ValueError: If they cannot be such marks.
        """
        begin = self._positions[0]
        ordered = (np.diff(rows[:, 0]) > 0).all() and (np.diff(rows[:, 1]) >= 0).all()
        if not 1 <= len(rows) <= MOST_MARKS or not ordered or rows[-1, 0] > size:
            raise ValueError("places do not follow one another")
        if not np.array_equal(rows[0], _no_less(begin.pack())):
            raise ValueError("the beginning is another")
        marks = Marks(begin)
        marks._positions += [begin.unpack(row) for row in rows[1:]]
        marks._spacing = max(MARK_BYTES, int(rows[1, 0] - rows[0, 0]) if len(rows) > 1 else 0)
        marks.is_complete = is_complete
        return marks


def _no_less(numbers: NDArray[np.int64] | None) -> NDArray[np.int64]:
    return np.empty(0, np.int64) if numbers is None else numbers
