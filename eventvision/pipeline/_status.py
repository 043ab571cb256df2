"""What a run is doing right now: cheap to ask, from any thread, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ._networks import NetworkReport
from ._recording import RecorderStatus


@dataclass(frozen=True, slots=True)
class StageStatus:
    """How long a stage takes.

    Stages are `filter` (all filters, a packet), `slice` (from the last event until it is cut),
    `represent`, a model, a task, `write` and `total`.

    Attributes:
        p50_ms: What half of the latest 256 to 512 slices did not exceed.
        p99_ms: What 99 % of them did not exceed.
        count: How often it ran since the start.
        sum_s: How long in all.
        counts: How often it did not exceed each of `LATENCY_BOUNDS_MS`, since the start.
    """

    p50_ms: float
    p99_ms: float
    count: int
    sum_s: float
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TaskStatus:
    """How a task does.

    Attributes:
        on: Whether it is wanted.
        rate_hz: Results a second, of late.
        p50_ms: What half of its latest steps did not exceed, without the network's.
        p99_ms: What 99 % of them did not exceed.
        share: Share of slices on which load lets it run at present.
        missed: Slices without a result while it was on: load left them out, its device failed, or
            a task that it needs had none. Slices that never came to the tasks are not among them.
        model: The network behind it; empty if there is none.
        device: Where that runs.
    """

    on: bool
    rate_hz: float
    p50_ms: float
    p99_ms: float
    share: float
    missed: int = 0
    model: str = ""
    device: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """What a run is doing right now.

    Attributes:
        running: Whether it has begun and not ended.
        position_us: End of the latest slice that was looked at; None before the first.
        progress: Share of the source that was read, 0 to 1; None where there is no end.
        speed: Recording seconds per wall second; None for as fast as possible, or live.
        paused: Whether slices are held.
        waiting: Whether the source waits for its camera to come back.
        events: Events that the source delivered.
        on_events: ON events among them.
        event_rate_hz: Events a second of the stream, over about the last second.
        on_rate_hz: ON events likewise.
        slices: Slices that were looked at.
        slices_by_reason: Slices that were cut, by why they ended.
        stages: Times by stage.
        tasks: Tasks by name.
        dropped: Lost data by cause.
        filtered: Events that each filter removed.
        networks: Models, devices, failures.
        recorder: What is being recorded; None if nothing.
        damage: Damaged places of the source so far.
        damage_kinds: How often each kind of damage occurred.
        temperature_c: Of the sensor, where it tells; else None.
    """

    running: bool = False
    position_us: int | None = None
    progress: float | None = None
    speed: float | None = None
    paused: bool = False
    waiting: bool = False
    events: int = 0
    on_events: int = 0
    event_rate_hz: float = 0.0
    on_rate_hz: float = 0.0
    slices: int = 0
    slices_by_reason: Mapping[str, int] = field(default_factory=dict)
    stages: Mapping[str, StageStatus] = field(default_factory=dict)
    tasks: Mapping[str, TaskStatus] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)
    filtered: Mapping[str, int] = field(default_factory=dict)
    networks: tuple[NetworkReport, ...] = ()
    recorder: RecorderStatus | None = None
    damage: int = 0
    damage_kinds: Mapping[str, int] = field(default_factory=dict)
    temperature_c: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the status as values that JSON can hold."""
        return asdict(self)
