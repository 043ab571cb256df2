"""Runs the tasks on a slice, and takes their times; tasks can be switched off and on meanwhile."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, runtime_checkable

from eventvision.core import Result, Slice, SliceDroppedError, Task
from eventvision.tasks import LearnedTask

from ._governor import Governor
from ._latency import Latencies
from ._meter import Meter


class TaskRunner:
    """Runs tasks in order; each finds the results of those before it.

    Args:
        tasks: In an order in which each finds what it needs.
        latencies: Takes the time of each task, and of the networks behind them.
        governor: Says which tasks are due, where load may lower their rates.

    Attributes:
        rates: Meter of results by task, along the monotonic clock in ns.
        missed: Slices that came here and of which a task that is on gave no result, by task: load
            left them out, its device failed, or what it needs had none.
    """

    def __init__(
        self, tasks: Sequence[Task], latencies: Latencies, governor: Governor | None
    ) -> None:
        self._tasks, self._latencies, self._governor = list(tasks), latencies, governor
        self._wanted = {task.name: True for task in tasks}
        self._needs = {task.name: task.needs for task in tasks}
        self._running = dict(self._wanted)
        self._added: deque[Task] = deque()
        self._replaced: deque[Task] = deque()
        self.rates = {task.name: Meter(1_000_000_000) for task in tasks}
        self.missed = {task.name: 0 for task in tasks}

    @property
    def wanted(self) -> dict[str, bool]:
        """Which tasks are wanted on, by name."""
        return self._wanted.copy()

    @property
    def left_out(self) -> dict[str, int]:
        """Events that tasks with a budget have left out so far, by task."""
        tasks = self._tasks.copy()
        return {task.name: task.left_out for task in tasks if isinstance(task, _HasBudget)}

    def add(self, tasks: Iterable[Task]) -> None:
        """Have more tasks, those needed first, from the next slice on; from any thread.

        They start switched off.
        """
        for task in tasks:
            self.rates[task.name] = Meter(1_000_000_000)
            self.missed[task.name] = 0
            self._needs[task.name] = task.needs
            self._wanted[task.name] = False
            self._added.append(task)

    def replace(self, task: Task) -> None:
        """Have a task done in another way from the next slice on; from any thread."""
        self._needs[task.name] = task.needs
        self._replaced.append(task)

    def want(self, name: str, *, on: bool) -> None:
        """Switch a task from the next slice on, with those it needs; from any thread."""
        if on:
            for needed in self._needs[name]:
                self.want(needed, on=True)
        self._wanted[name] = on

    def perceive(self, slice_: Slice) -> dict[str, Result]:
        """Return the results of the tasks that are on and due and whose devices work."""
        self._follow_wishes()
        results: dict[str, Result] = {}
        for task in self._tasks:
            if not self._running[task.name]:
                continue
            result = self._result_of(task, slice_, results)
            if result is None:
                self.missed[task.name] += 1
                continue
            results[task.name] = result
            self.rates[task.name].add(time.monotonic_ns())
            if self._governor is not None:
                self._governor.ran(task.name)
        return results

    def _follow_wishes(self) -> None:
        while self._added:
            task = self._added.popleft()
            self._tasks.append(task)
            self._running[task.name] = False
        while self._replaced:
            new = self._replaced.popleft()
            self._tasks = [new if task.name == new.name else task for task in self._tasks]
        wanted = self._wanted.copy()
        begun = {name for name, on in self._running.items() if wanted[name] and not on}
        if not begun and all(wanted[name] == on for name, on in self._running.items()):
            return
        for task in self._tasks:
            if wanted[task.name] and (task.name in begun or begun & set(task.needs)):
                begun.add(task.name)
                self._start_anew(task)
        self._running = {name: wanted[name] for name in self._running}
        if self._governor is not None:
            self._governor.set_tasks([name for name, on in self._running.items() if on])

    def _start_anew(self, task: Task) -> None:
        """Reset a task; a network that others have kept running goes on as it is."""
        if isinstance(task, LearnedTask) and any(
            self._running[other.name]
            and isinstance(other, LearnedTask)
            and other.network is task.network
            for other in self._tasks
        ):
            return
        task.reset()

    def _result_of(self, task: Task, slice_: Slice, given: Mapping[str, Result]) -> Result | None:
        """Return the result of a task that is on; None where it gives none of this slice."""
        is_due = self._governor is None or self._governor.is_due(task.name)
        if not is_due or any(name not in given for name in task.needs):
            return None
        try:
            return self._timed_step(task, slice_, given)
        except SliceDroppedError:
            return None  # counted by the session, which also tells

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


@runtime_checkable
class _HasBudget(Protocol):
    """A task that takes so many events a second at most."""

    name: str

    @property
    def left_out(self) -> int:
        """Events that it left out."""
