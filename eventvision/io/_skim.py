"""Getting on in a recording, to set marks in it, without decoding what nobody reads."""

from __future__ import annotations

from eventvision.core import DamageReport, SensorSize

from ._file_bytes import FileBytes
from ._marks import Position

_PIECE_BYTES = 1 << 20
"""Skimmed at once: fits the second cache of a core."""


def skimmed(data: FileBytes, position: Position, stop: int, sensor: SensorSize) -> Position | None:
    """Return the position that is reached from another one by skimming up to an offset at most.

    Returns:
        None if that gets on by less than half of the way. Otherwise, the next step shows whether
        the position is right, see `StreamGuard.pass_over`; what is wrong goes into the damage
        report of its guard, which is new.

    Raises:
        FileShrankError: If the file has become shorter.
    """
    follows_us = position.guard.follows_us
    if follows_us is None:
        return None
    ahead = position.copy(DamageReport())
    before = -1
    while before < ahead.offset < stop:
        before = ahead.offset
        piece_end = min(before + _PIECE_BYTES, stop)
        ahead.offset, follows_us = ahead.decoder.skim(data, before, piece_end, follows_us, sensor)
    if 2 * (ahead.offset - position.offset) < stop - position.offset:
        return None
    ahead.guard.pass_over(follows_us)
    return ahead
