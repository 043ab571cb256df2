"""What a run of the pipeline did."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from eventvision.core import DamageReport

from ._networks import NetworkReport


@dataclass(slots=True)
class Summary:
    """Counts, rates and latencies of one run.

    Attributes:
        events: Events that the source delivered.
        slices: Slices that were looked at.
        recording_us: Time from the first event to the last.
        wall_s: How long the run took.
        latency_ms: p50 and p99 by stage. `total` is from the arrival of a slice's last event to
            its results; as fast as possible, events do not arrive at any time, and it is the time
            that the slice took in the last thread. `slice`, from the last event's arrival to the
            end of the slice, is told only where events arrive.
        dropped: Lost data by cause; every cause that can occur is named, also with 0.
        filtered: Events that each filter removed, by its name.
        networks: The models that ran, where, and what became of them.
        task_shares: Share of slices for which each task gave a result, where load may lower it.
        damage: What was wrong with the source.
        interrupted: Whether the user ended the run early.
    """

    events: int = 0
    slices: int = 0
    recording_us: int = 0
    wall_s: float = 0.0
    latency_ms: dict[str, dict[str, float]] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    filtered: dict[str, int] = field(default_factory=dict)
    networks: list[NetworkReport] = field(default_factory=list)
    task_shares: dict[str, float] = field(default_factory=dict)
    damage: DamageReport = field(default_factory=DamageReport)
    interrupted: bool = False

    @property
    def mev_per_s(self) -> float:
        """Million events a second of wall time."""
        return self.events / self.wall_s / 1e6 if self.wall_s > 0 else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return the summary as one JSON object."""
        return {
            "events": self.events,
            "slices": self.slices,
            "recording_s": self.recording_us / 1e6,
            "wall_s": round(self.wall_s, 4),
            "mev_per_s": round(self.mev_per_s, 3),
            "latency_ms": self.latency_ms,
            "dropped": self.dropped,
            "filtered": self.filtered,
            "networks": [asdict(network) for network in self.networks],
            "task_shares": {task: round(share, 4) for task, share in self.task_shares.items()},
            "damage": self.damage.kinds,
            "interrupted": self.interrupted,
        }
