"""Races and memory measurements of functions that run in other processes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

from ._harness import Absent, Row, race, rows_of
from ._worker import Outcome, Worker


class Call(NamedTuple):
    """A function of a file beside this one: a peer's, unless the file is named `*_ours.py`."""

    script: str
    function: str
    arguments: Mapping[str, Any]

    def start(self) -> Worker:
        """Start a process in which it can run."""
        ours = self.script.endswith("_ours.py")
        return Worker(self.script) if ours else Worker.of_peers(self.script)

    def on(self, worker: Worker) -> Outcome:
        """Run it in such a process."""
        return worker.call(self.function, **self.arguments)


def race_calls(
    calls: Mapping[str, Call],
    value: Callable[[Outcome], float],
    *,
    repeat: int,
    best: Callable[[Sequence[float]], float] = max,
) -> dict[str, float | Absent]:
    """Race calls, with one process per file.

    Args:
        calls: The contestants.
        value: Makes a number of each outcome.
        repeat: Laps that count.
        best: Chooses among a contestant's numbers.
    """
    with ExitStack() as processes:
        starters = {call.script: call for call in calls.values()}
        workers = {
            script: processes.enter_context(call.start()) for script, call in starters.items()
        }

        def runner(call: Call) -> Callable[[], float]:
            return lambda: value(call.on(workers[call.script]))

        return race({name: runner(call) for name, call in calls.items()}, repeat=repeat, best=best)


def rows_of_calls(
    label: str, unit: str, results: Mapping[str, float | Absent], *, less_is_better: bool = False
) -> list[Row]:
    """Return a row per peer, as `rows_of` does, or one for ours where it has no peers."""
    rows = rows_of(label, unit, results, less_is_better=less_is_better)
    ours = next(iter(results.values()))
    if rows or isinstance(ours, Absent):
        return rows
    return [Row(label=label, unit=unit, ours=ours, less_is_better=less_is_better)]


def with_versions(rows: Sequence[Row], script: str) -> list[Row]:
    """Add versions to the names of peers, of which the first word is a package.

    Args:
        rows: The rows.
        script: Any file of the peers.
    """
    with Worker.of_peers(script) as peers:

        @cache
        def versioned(name: str) -> str:
            package, _, more = name.partition(" ")
            return f"{peers.name_with_version(package)} {more}".rstrip() if name else name

        return [replace(row, peer_name=versioned(row.peer_name)) for row in rows]


def peak_memory_mb(calls: Mapping[str, Call]) -> dict[str, float | Absent]:
    """Run every call once in a process of its own, and return how much memory that had at most."""
    results: dict[str, float | Absent] = {}
    for name, call in calls.items():
        with call.start() as worker:
            try:
                results[name] = call.on(worker).peak_mb
            except Absent as reason:
                results[name] = reason
    return results


def events_per_us(events: int) -> Callable[[Outcome], float]:
    """Return what makes a speed in Mev/s of an outcome whose value is the number of events."""

    def speed(outcome: Outcome) -> float:
        if outcome.value != events:
            raise Absent(f"lost events: {outcome.value} of {events}")
        return events / outcome.seconds / 1e6

    return speed
