"""Latency per stage, in bounded memory however long the pipeline runs."""

from __future__ import annotations

import math

_GROWTH = 1.02
_LOG_GROWTH = math.log(_GROWTH)
_BUCKETS = 1400  # 1.02 ** 1400 ns is about 18 minutes


class Histogram:
    """Counts durations in buckets that grow by 2 %, so percentiles are within 2 %."""

    def __init__(self) -> None:
        self._counts = [0] * _BUCKETS
        self.total = 0

    def add(self, duration_ns: int) -> None:
        """Count one duration; below 1 ns counts as 1 ns, above 18 minutes as that."""
        bucket = int(math.log(duration_ns) / _LOG_GROWTH) if duration_ns > 1 else 0
        self._counts[min(bucket, _BUCKETS - 1)] += 1
        self.total += 1

    def percentile_ms(self, percent: float) -> float:
        """Return the duration in ms that `percent` % of all do not exceed; 0 for none.

        >>> histogram = Histogram()
        >>> for duration_ms in range(1, 101): histogram.add(duration_ms * 1_000_000)
        >>> 49 < histogram.percentile_ms(50) < 52, 98 < histogram.percentile_ms(99) < 102
        (True, True)
        """
        wanted = max(1, math.ceil(self.total * percent / 100))
        seen = 0
        for bucket, count in enumerate(self._counts):
            seen += count
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

    def as_dict(self) -> dict[str, dict[str, float]]:
        """Return p50 and p99 in ms by stage."""
        return {
            stage: {
                "p50": round(histogram.percentile_ms(50), 3),
                "p99": round(histogram.percentile_ms(99), 3),
            }
            for stage, histogram in self._stages.items()
        }
