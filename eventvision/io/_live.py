"""What cameras and streams over a network have in common: they are live and know no end."""

from __future__ import annotations

from dataclasses import replace
from types import TracebackType
from typing import Self

from eventvision.core import DamageReport, Events, Packet, SeekError, SensorSize, SourceInfo

IDLE_S = 0.1
"""While nothing is said, an empty packet comes this often, so that whoever iterates can stop."""


class LiveStream:
    """Base of the sources that are live."""

    def __init__(self, info: SourceInfo) -> None:
        self._info = info
        self._damage = DamageReport()

    @property
    def info(self) -> SourceInfo:
        """What the source is."""
        return self._info

    @property
    def is_live(self) -> bool:
        """Always."""
        return True

    @property
    def damage(self) -> DamageReport:
        """What was wrong so far."""
        return self._damage

    @property
    def progress(self) -> float | None:
        """Nothing: there is no end."""
        return None

    def add_note(self, note: str) -> None:
        """Add a sentence to what the source says about itself."""
        self._info = replace(self._info, notes=(*self._info.notes, note))

    def seek(self, t_us: int) -> None:
        """Refuse.

        Raises:
            SeekError: Always.
        """
        problem = f"comes live and cannot go to {t_us} us"
        raise SeekError(self._info.name, problem, "record it, and seek in the recording")

    def close(self) -> None:
        """Release what the source holds; may be called twice."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def silence(sensor: SensorSize) -> Packet:
    """Return a packet without events."""
    return Packet(Events.empty(sensor))
