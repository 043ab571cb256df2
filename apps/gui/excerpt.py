"""A stretch of a recording, as a source of its own."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Self

from eventvision.core import DamageReport, Packet, Source, SourceInfo
from eventvision.io import split


class Excerpt:
    """The events of `[start_us, end_us)` of an open source, as often as it is iterated.

    It borrows the source: closing it does nothing.

    Args:
        source: A recording; or a live source, of which all is taken.
        start_us: Where to begin.
        end_us: Where to end; None is the end of the source.
    """

    def __init__(self, source: Source, start_us: int, end_us: int | None) -> None:
        self._source, self._start_us, self._end_us = source, start_us, end_us

    @property
    def info(self) -> SourceInfo:
        """What the source is."""
        return self._source.info

    @property
    def is_live(self) -> bool:
        """Whether the source is."""
        return self._source.is_live

    @property
    def damage(self) -> DamageReport:
        """What was wrong in what was read."""
        return self._source.damage

    @property
    def progress(self) -> float | None:
        """Share of the source read so far."""
        return self._source.progress

    def __iter__(self) -> Iterator[Packet]:
        """Yield the packets of the stretch."""
        if self._source.is_live:
            yield from self._source
            return
        self._source.seek(self._start_us)
        for packet in self._source:
            if self._end_us is None or not len(packet) or packet.events.t[-1] < self._end_us:
                yield packet
                continue
            yield split(packet, self._end_us)[0]
            return

    def seek(self, t_us: int) -> None:
        """Let the next iteration start later."""
        self._start_us = max(self._start_us, t_us)

    def close(self) -> None:
        """Leave the source open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
