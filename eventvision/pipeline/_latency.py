"""Latency per stage, in bounded memory however long the pipeline runs."""

from __future__ import annotations

import math
from collections.abc import Sequence

_GROWTH = 1.02
_LOG_GROWTH = math.log(_GROWTH)
_BUCKETS = 1400  # 1.02 ** 1400 ns is about 18 minutes
_RECENT = 256

LATENCY_BOUNDS_MS = (1.0, 2.0, 5.0, 10.0, 20.0, 33.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 5000.0)
"""Upper bounds of the counts that `StageStatus.counts` tells."""


class Histogram:
    """Counts durations in buckets that grow by 2 %, so percentiles are within 2 %.

    One thread adds; any thread asks.
    """

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self._recent: dict[int, int] = {}
        self._before: dict[int, int] = {}
        self._in_recent = 0
        self.total = 0
        self.sum_ns = 0

    def add(self, duration_ns: int) -> None:
        """Count one duration; below 1 ns counts as 1 ns, above 18 minutes as that."""
        bucket = int(math.log(duration_ns) / _LOG_GROWTH) if duration_ns > 1 else 0
        bucket = min(bucket, _BUCKETS - 1)
        self._counts[bucket] = self._counts.get(bucket, 0) + 1
        if self._in_recent == _RECENT:
            self._before, self._recent, self._in_recent = self._recent, {}, 0
        self._recent[bucket] = self._recent.get(bucket, 0) + 1
        self._in_recent += 1
        self.total += 1
        self.sum_ns += duration_ns

    def percentile_ms(self, percent: float) -> float:
        """Return the duration in ms that `percent` % of all do not exceed; 0 for none.

        >>> histogram = Histogram()
        >>> for duration_ms in range(1, 101): histogram.add(duration_ms * 1_000_000)
        >>> 49 < histogram.percentile_ms(50) < 52, 98 < histogram.percentile_ms(99) < 102
        (True, True)
        """
        return _percentile_ms(self._counts.copy(), percent)

    def recent_percentiles_ms(self, *percents: float) -> list[float]:
        """Return the same of the latest 256 to 512 durations."""
        counts = self._before.copy()
        for bucket, count in self._recent.copy().items():
            counts[bucket] = counts.get(bucket, 0) + count
        return [_percentile_ms(counts, percent) for percent in percents]

    def counts_up_to(self, bounds_ms: Sequence[float]) -> tuple[int, ...]:
        """Return how many durations do not exceed each bound, within 2 %."""
        counts = self._counts.copy()
        lasts = [math.log(bound * 1e6) / _LOG_GROWTH for bound in bounds_ms]
        return tuple(
            sum(count for bucket, count in counts.items() if bucket < last) for last in lasts
        )


def _percentile_ms(counts: dict[int, int], percent: float) -> float:
    wanted = max(1, math.ceil(sum(counts.values()) * percent / 100))
    seen = 0
    for bucket in sorted(counts):
        seen += counts[bucket]
        if seen >= wanted:
            return math.exp((bucket + 0.5) * _LOG_GROWTH) / 1e6
    return 0.0


class Latencies:
    """One histogram per stage, in the order in which stages first report."""

    def __init__(self) -> None:
        self._stages: dict[str, Histogram] = {}

    def add(self, stage: str, duration_ns: int) -> None:
        """Count one duration of a stage."""
        histogram = self._stages.get(stage)
        if histogram is None:
            histogram = self._stages[stage] = Histogram()
        histogram.add(duration_ns)

    @property
    def stages(self) -> dict[str, Histogram]:
        """The stages that have reported."""
        return self._stages.copy()

    def as_dict(self) -> dict[str, dict[str, float]]:
        """Return p50 and p99 in ms by stage."""
        return {
            stage: {
                "p50": round(histogram.percentile_ms(50), 3),
                "p99": round(histogram.percentile_ms(99), 3),
            }
            for stage, histogram in self.stages.items()
        }
