"""What cameras and streams over a network have in common: they are live and know no end."""

from __future__ import annotations

from eventvision.core import Events, Packet, SeekError, SensorSize

from ._base import BaseSource

IDLE_S = 0.1
"""While nothing is said, an empty packet comes this often, so that whoever iterates can stop."""


class LiveStream(BaseSource):
    """Base of the sources that are live."""

    @property
    def is_live(self) -> bool:
        """Always."""
        return True

    @property
    def progress(self) -> float | None:
        """Nothing: there is no end."""
        return None

    def seek(self, t_us: int) -> None:
        """Refuse.

        Raises:
            SeekError: Always.
        """
        problem = f"comes live and cannot go to {t_us} us"
        raise SeekError(self._info.name, problem, "record it, and seek in the recording")


def silence(sensor: SensorSize) -> Packet:
    """Return a packet without events."""
    return Packet(Events.empty(sensor))
