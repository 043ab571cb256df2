"""From task names to tasks in the order in which they must run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from eventvision.core import ConfigError, SensorSize, Task

from ._detection import Detection, DetectionSettings
from ._reconstruction import Reconstruction, ReconstructionSettings
from ._tracking import Tracking, TrackingSettings

TASK_NAMES = ("reconstruction", "detection", "tracking")
"""Names of all tasks, in an order in which each finds what it needs."""


def build_tasks(
    names: Sequence[str],
    sensor: SensorSize,
    *,
    reconstruction: ReconstructionSettings | None = None,
    detection: DetectionSettings | None = None,
    tracking: TrackingSettings | None = None,
) -> list[Task]:
    """Return the named tasks and those that they need, each once, needed ones first.

    Args:
        names: Task names in any order.
        sensor: Size of the pixel array that the slices come from.
        reconstruction: Settings of this task, if not the defaults.
        detection: Settings of this task, if not the defaults.
        tracking: Settings of this task, if not the defaults.

    Raises:
        ConfigError: If a name is unknown; it lists the known ones.
    """
    builders: dict[str, Callable[[], Task]] = {
        "reconstruction": lambda: Reconstruction(sensor, reconstruction),
        "detection": lambda: Detection(sensor, detection),
        "tracking": lambda: Tracking(sensor, tracking),
    }
    built: dict[str, Task] = {}

    def add(name: str) -> None:
        if name not in builders:
            raise ConfigError("tasks", name, f"one of {', '.join(TASK_NAMES)}")
        if name in built:
            return
        task = builders[name]()
        for needed in task.needs:
            add(needed)
        built[name] = task

    for name in names:
        add(name)
    return list(built.values())
