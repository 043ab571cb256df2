"""Tasks as the window offers them: in which ways they are done, where, and what they cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .trouble import HELD
from .words import milliseconds

if TYPE_CHECKING:
    from eventvision.pipeline import Status

METHODS: dict[str, tuple[tuple[str, str], ...]] = {
    "reconstruction": (("", "usual way"), ("fibar", "by hand: FIBAR"), ("model", "model")),
    "detection": (("", "usual way"), ("clusters", "by hand: clusters"), ("model", "model")),
    "segmentation": (("model", "model"),),
    "depth": (("model", "model"),),
    "graph": (("model", "model"),),
}
"""Method and title by task; an empty method is the one that the library prefers."""

WITH_PLACE = {
    "alarm": "an alarm needs a place: press r, drag a rectangle in a view, choose Raise an alarm",
    "counting": "counting needs a place: press c and drag a line in a view, or r for a rectangle",
}
"""Tasks that watch a place, and what to do where none has been chosen."""

DEVICES = ("onnx", "cpu", "cuda", "fpga", "speck", "reference")
"""Devices that are offered; others can be named in a preset."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskCost:
    """What a task costs now.

    Attributes:
        p50_ms: What half of its latest steps did not exceed, with the step of its model.
        latency_tip: What that is made of.
        rate_hz: Results a second.
        share: Share of the slices that load allows it.
        missed: Slices of which it gave no result.
    """

    p50_ms: float
    latency_tip: str
    rate_hz: float
    share: float
    missed: int


def task_cost(status: Status, name: str) -> TaskCost | None:
    """Return what a task costs now; None if it does not run."""
    task = status.tasks.get(name)
    if task is None or not task.on:
        return None
    tip = f"99 % within {milliseconds(task.p99_ms)}"
    network = status.stages.get(task.model)
    if network is not None:
        sharing = [each for each, other in status.tasks.items() if other.model == task.model]
        tip = (
            f"{milliseconds(network.p50_ms)} {task.model}, one step for {', '.join(sharing)}; "
            f"{milliseconds(task.p50_ms)} to read its answer"
        )
    return TaskCost(
        p50_ms=task.p50_ms + (0.0 if network is None else network.p50_ms),
        latency_tip=tip,
        rate_hz=task.rate_hz,
        share=task.share,
        missed=task.missed,
    )


def cost_of(status: Status | None) -> str:
    """Return what a slice costs in all, and whether slices were dropped before the tasks."""
    total = None if status is None else status.stages.get("total")
    if status is None or total is None:
        return "nothing runs"
    slices = status.stages.get("slice")
    waits = "" if slices is None else f", of which {milliseconds(slices.p50_ms)} until it is cut"
    causes = [cause for cause in status.dropped if cause.startswith("slices") and cause not in HELD]
    dropped = sum(status.dropped[cause] for cause in causes)
    lost = f"{dropped:,} slices dropped" if dropped else "no slice dropped"
    return (
        f"latency {milliseconds(total.p50_ms)}, 99 % within {milliseconds(total.p99_ms)}{waits}; "
        f"{lost}"
    )


LAG_MS = 500.0
"""A recording that is played later than this after its time lags behind."""


def load_text(status: Status | None) -> str:
    """Return which tasks run less often because of load, or that playing lags; else nothing."""
    if status is None:
        return ""
    total = status.stages.get("total")
    if status.speed is not None and total is not None and total.p50_ms > LAG_MS:
        return "this is too much for the speed chosen: play slower, or switch a task off"
    slowed = [
        f"{name} on {task.share:.0%}"
        for name, task in status.tasks.items()
        if task.on and task.share < 1
    ]
    return f"load is high: {', '.join(slowed)} of the slices" if slowed else ""
