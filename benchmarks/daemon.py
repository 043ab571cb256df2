"""The daemon over time: memory, latency and drops, under a steady load and under too much of it.

    python -m benchmarks.daemon soak [--minutes 5] [--rate 1e6] [--plot FILE]
    python -m benchmarks.daemon overload [--rate 1e6] [--seconds 60]
    python -m benchmarks.daemon cost [--rate 1e5] [--seconds 30]
    python -m benchmarks.daemon alarm [--rate 3e5] [--seconds 60]

The camera, the broker (mosquitto, where it is installed) and the daemon are processes of their own
on this machine, so that on two cores the camera takes its share as well. Soak and overload do all
tasks, with recorder, results, HTTP and MQTT; cost does `perception-nano` alone at 346x260; alarm
runs an event graph in slices of a millisecond, and times alarms from their events to a subscriber.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ._daemon_watch import Watch, watch

NANO = "detection:model, segmentation, depth"
OVERLOAD_SLICER = "count:33k"
"""Slices by events, so that five times the events are five times the slices, and the work."""

GRAPH = "graph:every=10ms:score=0.05"
MB = 1e6


def soak(minutes: float, rate: float, plot: Path | None) -> dict[str, Any]:
    """Run all tasks for minutes; say whether memory and latency stay."""
    found = _watched([f"{rate:g}:{60 * minutes + 30:g}"])
    later = [status for status in found.seen if "total" in status["stages"]]
    later = later[len(later) // 4 :]
    at_min = np.array([status["at_s"] for status in later]) / 60
    memory_mb = np.array([status["daemon"]["memory_bytes"] for status in later]) / MB
    p99_ms = np.array([status["stages"]["total"]["p99_ms"] for status in later])
    half = len(p99_ms) // 2
    last = found.seen[-1]
    if plot is not None:
        _plot(found, plot)
    return {
        "minutes": round(last["at_s"] / 60, 2),
        "events_per_s": round(last["events"] / last["at_s"]),
        "memory_mb": [round(float(memory_mb[0]), 1), round(float(memory_mb[-1]), 1)],
        "memory_slope_mb_per_min": round(float(np.polyfit(at_min, memory_mb, 1)[0]), 3),
        "latency_p99_ms": [
            round(float(np.median(p99_ms[:half])), 1),
            round(float(np.median(p99_ms[half:])), 1),
        ],
        "slices_unaccounted_for": _unaccounted(last),
        **_common(found),
    }


def overload(rate: float, seconds: float) -> dict[str, Any]:
    """Show five times the rate for a while; say what gave way, and when it was well again."""
    stretches = [f"{rate:g}:30", f"{5 * rate:g}:{seconds:g}", f"{rate:g}:40"]
    found = _watched(stretches, slicer=OVERLOAD_SLICER)
    begins = [at for at, _ in found.rates]
    before, under = _between(found, 10, begins[1]), _between(found, begins[1], begins[2])
    after = _between(found, begins[2] + 5, begins[2] + 40)
    return {
        "events_per_s": {"before": _event_rate(before), "during": _event_rate(under)},
        "latency_p99_ms": {
            "before": _worst(before),
            "during": _worst(under),
            "from 5 s after": _worst(after),
        },
        "slices_per_s": {
            "before": _slice_rate(before),
            "during": _slice_rate(under),
            "from 5 s after": _slice_rate(after),
        },
        "slices_dropped": {"during": _dropped(under), "from 5 s after": _dropped(after)},
        "governor": [line["message"] for line in found.log if line["message"].startswith("load:")],
        "slices_unaccounted_for": _unaccounted(found.seen[-1]),
        **_common(found),
    }


def cost(rate: float, seconds: float) -> dict[str, Any]:
    """Say what processor and memory a rate takes, and how long the start."""
    found = _watched([f"{rate:g}:{seconds:g}"], tasks=NANO, broker=False)
    first, last = found.seen[len(found.seen) // 3], found.seen[-1]
    wall_s = last["at_s"] - first["at_s"]
    share = (last["cpu_s"] - first["cpu_s"]) / wall_s
    events_per_s = (last["events"] - first["events"]) / wall_s
    return {
        "events_per_s": round(events_per_s),
        "cores": round(share, 3),
        "cores_per_100_kev_per_s": round(share / events_per_s * 1e5, 3),
        "memory_mb": round(last["daemon"]["memory_bytes"] / MB, 1),
        **_common(found),
    }


def alarm(rate: float, seconds: float) -> dict[str, Any]:
    """Say how long after its events an alarm of an event graph has passed the broker."""
    tasks = f"{GRAPH}, 'alarm:region=60x60+30+30:score=0.05'"
    found = _watched([f"{rate:g}:{seconds:g}"], tasks=tasks, slicer="time:1ms")
    begun = [(ms, told) for ms, told in found.alarms if told["alarm"]["objects"]]
    settled = [ms for ms, told in begun if told["t1_us"] > seconds * 1e6 / 3]
    if not settled:
        raise SystemExit("no alarm has passed a broker; is mosquitto installed?")
    p50_ms, p99_ms = np.percentile(settled, [50, 99])
    total = found.seen[-1]["stages"]["total"]
    return {
        "events_per_s": _event_rate(found.seen),
        "alarms_over_mqtt": len(begun),
        "alarms_in_results": len(found.written),
        "same_alarms": [told["slice"] for _, told in begun] == found.written,
        "from_event_to_subscriber_ms": {
            "p50": round(float(p50_ms), 1),
            "p99": round(float(p99_ms), 1),
        },
        "from_event_to_result_ms": {"p50": total["p50_ms"], "p99": total["p99_ms"]},
        **_common(found),
    }


def _watched(stretches: Sequence[str], **options: Any) -> Watch:
    with tempfile.TemporaryDirectory() as folder:
        return watch(Path(folder), stretches, **options)


def _common(found: Watch) -> dict[str, Any]:
    last = found.seen[-1]
    return {
        "first_slice_after_s": round(found.started_s, 2),
        "ended_after_s": round(found.exit_s, 2),
        "dropped": {cause: count for cause, count in last["dropped"].items() if count},
        "events_that_nobody_took": found.missed,
        "faults": last["daemon"]["faults"],
        "restarts": last["daemon"]["restarts"],
    }


def _unaccounted(status: dict[str, Any]) -> int:
    """Return slices that were cut and neither looked at nor counted as dropped, nor wait."""
    cut = sum(status["slices_by_reason"].values())
    dropped = sum(n for cause, n in status["dropped"].items() if cause.startswith("slices:"))
    waiting_at_most = 10
    left = cut - status["slices"] - dropped
    return 0 if 0 <= left <= waiting_at_most else int(left)


def _between(found: Watch, start_s: float, end_s: float) -> list[dict[str, Any]]:
    return [status for status in found.seen if start_s <= status["at_s"] < end_s]


def _worst(seen: Sequence[dict[str, Any]]) -> float:
    stages = [status["stages"] for status in seen]
    return max((told["total"]["p99_ms"] for told in stages if "total" in told), default=0.0)


def _event_rate(seen: Sequence[dict[str, Any]]) -> int:
    if len(seen) < 2:
        return 0
    first, last = seen[0], seen[-1]
    return int((last["events"] - first["events"]) / (last["at_s"] - first["at_s"]))


def _slice_rate(seen: Sequence[dict[str, Any]]) -> float:
    if len(seen) < 2:
        return 0.0
    first, last = seen[0], seen[-1]
    return float(round((last["slices"] - first["slices"]) / (last["at_s"] - first["at_s"]), 1))


def _dropped(seen: Sequence[dict[str, Any]]) -> int:
    if not seen:
        return 0
    cause = "slices: results too slow"
    return int(seen[-1]["dropped"][cause] - seen[0]["dropped"][cause])


def _plot(found: Watch, path: Path) -> None:
    """Draw memory, latency, rate and drops over time."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    at_min = [status["at_s"] / 60 for status in found.seen]
    rows = {
        "memory, MB": [status["daemon"]["memory_bytes"] / MB for status in found.seen],
        "latency p99, ms": [
            status["stages"].get("total", {}).get("p99_ms", np.nan) for status in found.seen
        ],
        "Mev/s": [status["event_rate_hz"] / 1e6 for status in found.seen],
        "slices dropped": [status["dropped"]["slices: results too slow"] for status in found.seen],
    }
    figure, axes = plt.subplots(len(rows), 1, figsize=(8, 8), sharex=True)
    for axis, (label, values) in zip(axes, rows.items(), strict=True):
        axis.plot(at_min, values, linewidth=1)
        axis.set_ylabel(label)
        axis.set_ylim(bottom=0)
        axis.grid(visible=True, alpha=0.3)
    axes[-1].set_xlabel("minutes")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main() -> None:
    """Run what was asked for and print it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=("soak", "overload", "cost", "alarm"))
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=None, help="events a second")
    parser.add_argument("--plot", type=Path, default=None)
    wanted = parser.parse_args()
    if wanted.what == "soak":
        found = soak(wanted.minutes, wanted.rate or 1e6, wanted.plot)
    elif wanted.what == "overload":
        found = overload(wanted.rate or 1e6, wanted.seconds)
    elif wanted.what == "alarm":
        found = alarm(wanted.rate or 3e5, wanted.seconds)
    else:
        found = cost(wanted.rate or 1e5, wanted.seconds)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
