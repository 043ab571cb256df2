"""Pipeline settings as the configuration file that the command line and the daemon read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .state import PipelinePart, TaskSetting

if TYPE_CHECKING:
    from eventvision.pipeline import RunConfig


def config_values(settings: PipelinePart) -> dict[str, Any]:
    """Return settings as fields of a `RunConfig`."""
    return {
        "filters": ",".join(settings.filters),
        "slicer": settings.slicer,
        "tasks": tuple(task.text for task in settings.tasks if task.on),
        "device": device_text(settings),
    }


def device_text(settings: PipelinePart) -> str:
    """Return which device runs which task, as `eventvision.devices.parse_devices` reads it."""
    own = [f"{task.name}={task.device}" for task in settings.tasks if task.device]
    return ",".join([settings.device, *own])


def settings_of(config: RunConfig, present: PipelinePart) -> PipelinePart:
    """Return the settings that a configuration asks for; tasks that it does not name are off."""
    wanted = {text.partition(":")[0]: text.partition(":")[2] for text in config.tasks}
    choice = config.device
    tasks = tuple(
        TaskSetting(
            name=task.name,
            on=task.name in wanted,
            method=wanted.get(task.name, task.method),
            device=choice.by_task.get(task.name, ""),
        )
        for task in present.tasks
    )
    filters = tuple(part.strip() for part in config.filters.split(",") if part.strip())
    return replace(
        present, filters=filters, slicer=config.slicer, tasks=tasks, device=choice.default
    )


def read_preset(path: Path, present: PipelinePart) -> PipelinePart:
    """Read the pipeline's settings from a configuration file.

    Raises:
        ConfigError: If it cannot be used; says all that is wrong, and where.
    """
    from eventvision.pipeline import load_config

    return replace(settings_of(load_config(path), present), preset=str(path))


def preset_source(path: Path) -> tuple[str, str | None]:
    """Return the source that a configuration file names, and the file with a camera's settings.

    Raises:
        ConfigError: If it cannot be used.
    """
    from eventvision.pipeline import load_config

    config = load_config(path)
    return config.source, None if config.settings is None else str(config.settings)


def write_preset(path: Path, settings: PipelinePart, source: str) -> None:
    """Write the pipeline's settings into a configuration file.

    What a file that is there says besides stays, its source too.

    Raises:
        ConfigError: If what stands there already cannot be used.
        OutputError: If it cannot be written.
    """
    from eventvision.pipeline import RunConfig, load_config, save_config

    others: dict[str, Any] = {"source": source or "camera:"}
    if path.exists() and path.stat().st_size:
        others = dict(load_config(path))
    save_config(RunConfig.checked(**(others | config_values(settings))), path)
