"""Keeps live latency down: tasks run on fewer slices before slices have to wait.

The last thread is watched in windows of half a second. When it is busy for most of a window, the
next task of the order runs half as often; when it has been at ease for a while, the last of these
steps is taken back. A step back that proves wrong makes it wait longer before the next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

GIVE_UP_ORDER = ("depth", "segmentation", "reconstruction", "detection")
"""Who gives way first; the order starts over when all have. Tracking follows detection."""

SLOWEST = 8
"""A task runs on every eighth slice at least."""

_WINDOW_NS = 500_000_000
_BUSY, _AT_EASE = 0.85, 0.55
_PATIENCE, _MOST_PATIENCE = 4, 128


class Governor:
    """Decides on which slices a task runs.

    Args:
        tasks: Names of all tasks of the run; those that are not in the order always run.
        report: Takes a line for each change.
    """

    def __init__(self, tasks: Sequence[str], report: Callable[[str], None] | None = None) -> None:
        self._report = report
        self._slice = 0
        self._ran: dict[str, int] = {}
        self._could_run: dict[str, int] = {}
        self.set_tasks(tasks)

    def set_tasks(self, tasks: Sequence[str]) -> None:
        """Start anew with these tasks, each on every slice; what was counted stays."""
        named = [name for name in GIVE_UP_ORDER if name in tasks]
        rounds = SLOWEST.bit_length() - 1
        self._ladder = named * rounds
        self._every = dict.fromkeys(tasks, 1)
        self._level = 0
        self._busy_ns = 0
        self._began_ns: int | None = None
        self._calm, self._patience, self._is_trying = 0, _PATIENCE, False
        for task in tasks:
            self._ran.setdefault(task, 0)
            self._could_run.setdefault(task, 0)

    def is_due(self, task: str) -> bool:
        """Tell whether a task runs on the present slice."""
        return self._slice % self._every[task] == 0

    def ran(self, task: str) -> None:
        """Take note that a task gave a result for the present slice."""
        self._ran[task] += 1

    def shares(self) -> dict[str, float]:
        """Return the share of slices for which each task gave a result while it was on."""
        return {
            task: count / max(self._could_run[task], 1) for task, count in self._ran.copy().items()
        }

    def present_shares(self) -> dict[str, float]:
        """Return the share of slices on which each task runs at present."""
        return {task: 1 / every for task, every in self._every.copy().items()}

    def end_slice(self, began_ns: int, now_ns: int) -> None:
        """Take note of the time from taking a slice to being done with it, and go to the next."""
        self._slice += 1
        for task in self._every:
            self._could_run[task] += 1
        self._busy_ns += now_ns - began_ns
        if self._began_ns is None:
            self._began_ns = began_ns
        elapsed_ns = now_ns - self._began_ns
        if elapsed_ns < _WINDOW_NS:
            return
        self._judge(self._busy_ns / elapsed_ns)
        self._busy_ns, self._began_ns = 0, now_ns

    def _judge(self, busy: float) -> None:
        if busy > _BUSY:
            if self._is_trying:
                self._patience = min(2 * self._patience, _MOST_PATIENCE)
            self._calm, self._is_trying = 0, False
            self._go_to(self._level + 1)
        elif busy > _AT_EASE:
            self._calm = 0
        else:
            self._calm += 1
            if self._calm >= self._patience and self._level:
                self._calm, self._is_trying = 0, True
                self._go_to(self._level - 1)

    def _go_to(self, level: int) -> None:
        if level > len(self._ladder):
            return
        changed = self._ladder[min(level, self._level)]
        self._level = level
        self._every[changed] = 2 ** self._ladder[:level].count(changed)
        if self._report is not None:
            which = {1: "every slice", 2: "every 2nd slice"}.get(
                self._every[changed], f"every {self._every[changed]}th slice"
            )
            self._report(f"load: {changed} runs on {which} now")
