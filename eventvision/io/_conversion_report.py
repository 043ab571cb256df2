"""What became of a recording that was written anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from eventvision.core import DamageReport, SensorSize

from ._formats import FileFormat

OnProgress = Callable[[float | None, int], None]
"""Takes the share of the source read so far (None where unknown) and the events read."""

_KINDS = {"events": "event", "frames": "frame", "imu": "IMU sample", "triggers": "trigger"}


@dataclass(frozen=True, kw_only=True, slots=True)
class ConversionReport:
    """What was written, and what was not.

    Attributes:
        source: What was read, as named.
        target: What was written.
        read_as: Format of the source.
        written_as: Format of the target.
        sensor: Size of the pixel array.
        written: How many `events`, `frames`, `imu` samples and `triggers` were written.
        dropped: How many of them the target cannot hold; only those of which there were any.
        notes: Conventions, assumptions and losses, one sentence each.
        damage: What was wrong with the source.
    """

    source: str
    target: str
    read_as: str
    written_as: str
    sensor: SensorSize
    written: dict[str, int]
    dropped: dict[str, int]
    notes: tuple[str, ...]
    damage: DamageReport

    @property
    def events(self) -> int:
        """How many events were written."""
        return self.written["events"]

    def __str__(self) -> str:
        """Say what was written, such as `5,000 events and 2 frames as EVT3`."""
        written = [_counted(kind, n) for kind, n in self.written.items() if n]
        return f"{' and '.join(written) or 'no events'} as {self.written_as}"

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values that JSON can hold."""
        return {
            "source": self.source,
            "target": self.target,
            "read_as": self.read_as,
            "written_as": self.written_as,
            "width": self.sensor.width,
            "height": self.sensor.height,
            **self.written,
            "dropped": self.dropped,
            "notes": list(self.notes),
            "damage": self.damage.as_dict(),
        }


def losses(target: FileFormat, dropped: dict[str, int]) -> tuple[str, ...]:
    """Say in words what the target cannot hold."""
    if not dropped:
        return ()
    what = [_counted(kind, n) for kind, n in dropped.items()]
    held = " and ".join(["events", *(f"{_KINDS[kind]}s" for kind in sorted(target.carries))])
    return (f"Left out: {', '.join(what)}; {target.name} holds {held} only.",)


def _counted(kind: str, count: int) -> str:
    return f"{count:,} {_KINDS[kind]}{'' if count == 1 else 's'}"
