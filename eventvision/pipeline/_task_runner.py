"""Runs the tasks on a slice, and takes their times."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from eventvision.core import Result, Slice, SliceDroppedError, Task
from eventvision.tasks import LearnedTask

from ._governor import Governor
from ._latency import Latencies


class TaskRunner:
    """Runs tasks in order; each finds the results of those before it.

    Args:
        tasks: In an order in which each finds what it needs.
        latencies: Takes the time of each task, and of the networks behind them.
        governor: Says which tasks are due, where load may lower their rates.
    """

    def __init__(
        self, tasks: Sequence[Task], latencies: Latencies, governor: Governor | None
    ) -> None:
        self._tasks, self._latencies, self._governor = tasks, latencies, governor

    def perceive(self, slice_: Slice) -> dict[str, Result]:
        """Return the results of the tasks that are due and whose devices work."""
        results: dict[str, Result] = {}
        for task in self._tasks:
            if not self._is_due(task) or any(name not in results for name in task.needs):
                continue
            try:
                results[task.name] = self._timed_step(task, slice_, results)
            except SliceDroppedError:
                continue  # counted by the session, which also tells
            if self._governor is not None:
                self._governor.ran(task.name)
        return results

    def _is_due(self, task: Task) -> bool:
        return self._governor is None or self._governor.is_due(task.name)

    def _timed_step(self, task: Task, slice_: Slice, given: Mapping[str, Result]) -> Result:
        """Take a step; that of a network is timed by itself, not as its first task's."""
        began_ns = time.monotonic_ns()
        if isinstance(task, LearnedTask):
            version = task.network.version
            task.network.step(slice_)
            ran_ns = time.monotonic_ns()
            if task.network.version != version:
                self._latencies.add(task.network.name, ran_ns - began_ns)
            began_ns = ran_ns
        result = task.step(slice_, given)
        self._latencies.add(task.name, time.monotonic_ns() - began_ns)
        return result
