"""The table about all recordings of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from eventvision.core import complete_file

from .jobs import Outcome


def write_summary(outcomes: Sequence[Outcome], path: Path) -> None:
    """Write a row for each recording as Parquet.

    Raises:
        OutputError: If it cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    whole, real = pa.int64(), pa.float64()
    columns = {
        "source": (pa.string(), [one.source for one in outcomes]),
        "state": (pa.string(), [one.state for one in outcomes]),
        "problem": (pa.string(), [one.problem for one in outcomes]),
        "wall_s": (real, [one.wall_s for one in outcomes]),
        "recording_s": (real, [one.summary.get("recording_s") for one in outcomes]),
        "events": (whole, [one.summary.get("events") for one in outcomes]),
        "slices": (whole, [one.summary.get("slices") for one in outcomes]),
        "mev_per_s": (real, [one.summary.get("mev_per_s") for one in outcomes]),
        "p50_ms": (real, [latency_ms(one, "p50") for one in outcomes]),
        "p99_ms": (real, [latency_ms(one, "p99") for one in outcomes]),
        "worker": (pa.string(), [one.worker for one in outcomes]),
    }
    schema = pa.schema([(name, kind) for name, (kind, _) in columns.items()])
    table = pa.table({name: values for name, (_, values) in columns.items()}, schema=schema)
    with complete_file(path) as part:
        pq.write_table(table, part)


def latency_ms(outcome: Outcome, percentile: str) -> float | None:
    """Return how long a slice took in the last thread; None for a recording that failed."""
    total = outcome.summary.get("latency_ms", {}).get("total", {})
    value = total.get(percentile)
    return None if value is None else float(value)
