"""Gathers what the parts of a run count: at any time, and at its end."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from eventvision.core import Slice

from ._cutter import Cutter
from ._feed import Feed
from ._gate import Gate
from ._governor import Governor
from ._handover import HandOver
from ._latency import LATENCY_BOUNDS_MS, Histogram, Latencies
from ._networks import NetworkReport, Networks
from ._perceiver import Perceiver
from ._status import StageStatus, Status, TaskStatus
from ._summary import Summary
from ._task_runner import TaskRunner


class Report:
    """Knows the parts of a run that count.

    Attributes:
        running: Whether the run has begun and not ended.
    """

    def __init__(
        self,
        *,
        feed: Feed,
        cutter: Cutter,
        perceiver: Perceiver,
        runner: TaskRunner,
        slices: HandOver[Slice],
        latencies: Latencies,
        networks: Networks | None,
        governor: Governor | None,
        gate: Gate,
    ) -> None:
        self._feed, self._cutter, self._perceiver = feed, cutter, perceiver
        self._runner, self._slices, self._latencies = runner, slices, latencies
        self._networks, self._governor, self._gate = networks, governor, gate
        self.running = False

    def end(self) -> None:
        """Take note that the run has ended."""
        self.running = False

    def networks(self) -> list[NetworkReport]:
        """Return what became of each network so far."""
        return [] if self._networks is None else self._networks.reports()

    def status(self) -> Status:
        """Return what the run is doing right now."""
        feed, source = self._feed, self._feed.source
        networks = self.networks()
        recording = feed.recording.status
        return Status(
            running=self.running,
            position_us=self._perceiver.position_us,
            progress=source.progress,
            speed=None if source.is_live else feed.pacer.speed,
            paused=self._gate.is_paused,
            waiting=getattr(source, "state", "open") == "waiting",
            events=feed.events.total,
            on_events=feed.on_events.total,
            event_rate_hz=round(feed.events.per_second(feed.last_us), 1),
            on_rate_hz=round(feed.on_events.per_second(feed.last_us), 1),
            slices=self._perceiver.slices,
            slices_by_reason=dict(self._cutter.by_reason.copy()),
            stages={name: _stage(found) for name, found in self._latencies.stages.items()},
            tasks=self._tasks(networks),
            dropped=self._dropped(networks),
            filtered=self._cutter.removed,
            networks=tuple(networks),
            recorder=recording,
            damage=source.damage.places,
            damage_kinds=source.damage.kinds,
            temperature_c=feed.temperature_c,
        )

    def summary(self, networks: list[NetworkReport], *, interrupted: bool) -> Summary:
        """Return what was done, once the run has ended.

        Args:
            networks: What became of the networks, asked for before they were closed.
            interrupted: Whether the user ended it.
        """
        feed = self._feed
        return Summary(
            events=feed.events.total,
            slices=self._perceiver.slices,
            recording_us=0 if feed.first_us is None else feed.last_us - feed.first_us,
            wall_s=(time.monotonic_ns() - feed.began_ns) / 1e9,
            latency_ms=self._latencies.as_dict(),
            dropped=self._dropped(networks),
            filtered=self._cutter.removed,
            networks=networks,
            task_shares={} if self._governor is None else self._governor.shares(),
            damage=feed.source.damage,
            interrupted=interrupted,
        )

    def _tasks(self, networks: list[NetworkReport]) -> dict[str, TaskStatus]:
        now_ns = time.monotonic_ns()
        stages = self._latencies.stages
        shares = {} if self._governor is None else self._governor.present_shares()
        behind = {task: network for network in networks for task in network.tasks}
        found = {}
        for name, on in self._runner.wanted.items():
            p50_ms, p99_ms = stages.get(name, Histogram()).recent_percentiles_ms(50, 99)
            network = behind.get(name)
            found[name] = TaskStatus(
                on=on,
                rate_hz=round(self._runner.rates[name].per_second(now_ns), 2),
                p50_ms=round(p50_ms, 3),
                p99_ms=round(p99_ms, 3),
                share=shares.get(name, 1.0 if on else 0.0),
                missed=self._runner.missed[name],
                model="" if network is None else network.model,
                device="" if network is None else network.device,
            )
        return found

    def _dropped(self, networks: list[NetworkReport]) -> dict[str, int]:
        """Return lost data by cause; every cause that can occur is named, also with 0."""
        source, dropped = self._feed.source, self._slices.dropped
        paused = self._perceiver.paused_drops(dropped)
        live = source.dropped if isinstance(source, _CountsDrops) else {}
        recorded = self._feed.recording.dropped
        return {
            "slices: results too slow": dropped - paused,
            **({"slices: paused": paused} if paused else {}),
            "events: damaged": source.damage.events_skipped,
            **live,
            **{f"events: not recorded, {why}": n for why, n in recorded.items()},
            **{f"results: {n.model} had no device": n.dropped for n in networks},
            **{f"events: {name} over its budget": n for name, n in self._runner.left_out.items()},
        }


def _stage(histogram: Histogram) -> StageStatus:
    p50_ms, p99_ms = histogram.recent_percentiles_ms(50, 99)
    return StageStatus(
        p50_ms=round(p50_ms, 3),
        p99_ms=round(p99_ms, 3),
        count=histogram.total,
        sum_s=round(histogram.sum_ns / 1e9, 6),
        counts=histogram.counts_up_to(LATENCY_BOUNDS_MS),
    )


@runtime_checkable
class _CountsDrops(Protocol):
    """A source that may have to drop what nobody takes in time."""

    @property
    def dropped(self) -> Mapping[str, int]:
        """What was dropped, by cause."""
