"""Keeps live latency down: tasks run on fewer slices before slices have to wait.

The last thread is watched in windows of half a second. When it is busy for most of a window, the
next task of the order runs half as often. When there has been room for a while, steps are taken
back, as many as fit if all tasks cost the same, so that after an overload all are back within five
seconds. A step back that proves wrong is undone; the next one waits longer, and is a single one,
unless the load has fallen meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

GIVE_UP_ORDER = ("depth", "segmentation", "reconstruction", "detection")
"""Who gives way first; the order starts over when all have. Tracking follows detection."""

SLOWEST = 8
"""A task runs on every eighth slice at least."""

_WINDOW_NS = 500_000_000
_BUSY, _AT_EASE = 0.85, 0.55
_PATIENCE, _MOST_PATIENCE = 3, 128
_FALLEN = 0.8
"""A load of less than this share of an earlier one has fallen."""


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
        self._ladder = named * (SLOWEST.bit_length() - 1)
        self._every = dict.fromkeys(tasks, 1)
        self._level = 0
        self._busy_ns = 0
        self._began_ns: int | None = None
        self._back = _StepsBack()
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
            before = self._back.refuse()
            self._go_to(self._level + 1 if before is None else before)
            return
        steps = self._affordable(busy) or int(busy <= _AT_EASE)
        if steps:
            self._go_to(max(0, self._level - self._back.take(busy, self._level, steps)))
        else:
            self._back.hold()

    def _affordable(self, busy: float) -> int:
        """Return how many steps back fit, if all tasks cost the same."""
        level, allowed = self._level, _BUSY / max(busy, 0.01) * self._work(self._level)
        while level and self._work(level - 1) <= allowed:
            level -= 1
        return self._level - level

    def _work(self, level: int) -> float:
        """Return the sum of the shares of slices on which tasks of the order run."""
        given_up = self._ladder[:level]
        return sum(0.5 ** given_up.count(task) for task in set(self._ladder))

    def _go_to(self, level: int) -> None:
        while self._level > level:
            self._level -= 1
            self._change(self._ladder[self._level])
        while self._level < min(level, len(self._ladder)):
            self._level += 1
            self._change(self._ladder[self._level - 1])

    def _change(self, task: str) -> None:
        every = 2 ** self._ladder[: self._level].count(task)
        self._every[task] = every
        if self._report is not None:
            which = {1: "every slice", 2: "every 2nd slice"}.get(every, f"every {every}th slice")
            self._report(f"load: {task} runs on {which} now")


class _StepsBack:
    """When steps are taken back, and how many at a time."""

    def __init__(self) -> None:
        self._calm, self._held, self._patience = 0, 0, _PATIENCE
        self._tried_from: int | None = None
        self._busy_before = self._refused_at = 0.0

    def take(self, busy: float, level: int, most: int) -> int:
        """Take note of a window with room.

        Args:
            busy: Share of the window.
            level: The present one.
            most: Steps that may be taken back.

        Returns:
            How many to take back now.
        """
        self._tried_from = None
        self._calm += 1
        if busy < _FALLEN * self._refused_at:
            self._patience = _PATIENCE
        if not level or self._calm < self._patience:
            return 0
        self._tried_from, self._held, self._busy_before = level, 0, busy
        return most if self._patience == _PATIENCE else 1

    def hold(self) -> None:
        """Take note of a window that is neither busy nor has room: things stay as they are."""
        self._calm = 0
        self._held += 1
        if self._held >= self._patience:  # it was right
            self._tried_from = None

    def refuse(self) -> int | None:
        """Take note of a busy window.

        Returns:
            The level before the latest steps, if they are to blame.
        """
        level, self._tried_from, self._calm = self._tried_from, None, 0
        if level is not None:
            self._patience = min(2 * self._patience, _MOST_PATIENCE)
            self._refused_at = self._busy_before
        return level
