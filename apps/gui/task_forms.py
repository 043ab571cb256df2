"""Tasks as the window offers them: in which ways they are done, where, and what they cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

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

DEVICES = ("onnx", "cpu", "cuda", "fpga", "speck", "reference")
"""Devices that are offered; others can be named in a preset."""


def cost_of(status: Status | None) -> str:
    """Return what a slice costs in all, and whether slices were dropped before the tasks."""
    total = None if status is None else status.stages.get("total")
    if status is None or total is None:
        return "nothing runs"
    slices = status.stages.get("slice")
    waits = "" if slices is None else f", of which {milliseconds(slices.p50_ms)} until it is cut"
    dropped = sum(n for cause, n in status.dropped.items() if cause.startswith("slices"))
    lost = f"{dropped:,} slices dropped" if dropped else "no slice dropped"
    return (
        f"latency {milliseconds(total.p50_ms)}, 99 % within {milliseconds(total.p99_ms)}{waits}; "
        f"{lost}"
    )


def load_text(status: Status | None) -> str:
    """Return which tasks run less often because of load; nothing where none does."""
    if status is None:
        return ""
    slowed = [
        f"{name} on {task.share:.0%}"
        for name, task in status.tasks.items()
        if task.on and task.share < 1
    ]
    return f"load is high: {', '.join(slowed)} of the slices" if slowed else ""
