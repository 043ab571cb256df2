"""Tasks as users write them: `detection`, `detection:clusters`, `detection:model=PATH`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from eventvision.core import ConfigError, shipped_models

TASK_NAMES = (
    "reconstruction", "detection", "segmentation", "depth", "graph", "tracking", "alarm",
)  # fmt: skip
"""Names of all tasks, in an order in which each finds what it needs."""

MODELS = {
    "reconstruction": "reconstruction-nano",
    "detection": "perception-nano",
    "segmentation": "perception-nano",
    "depth": "perception-nano",
    "graph": "graph-movers",
}
"""The shipped model of each task that can be learned."""

HAND_MADE = {"reconstruction": "fibar", "detection": "clusters"}
"""The method of each task that can be done without training."""

ALARM = "alarm"

PREFER_LEARNED = False
"""Whether a task that is named without a method, and that has both, is done by its shipped model,
where that is installed."""

TASK_FORMS = """\
reconstruction[:fibar], detection[:clusters], segmentation, depth, graph, tracking, \
alarm:region=WxH+X+Y, or TASK:model[=NAME]"""


@dataclass(frozen=True, slots=True)
class TaskForm:
    """Which task, and who does it.

    Attributes:
        name: Name of the task.
        model: Name or folder of the model; empty if it is done without one.
        region: What an alarm watches, as `parse_region` reads it.
    """

    name: str
    model: str = ""
    region: str = ""


def parse_task(text: str) -> TaskForm:
    """Read one task.

    >>> parse_task("detection:clusters").model, parse_task("depth:model=./mine").model
    ('', './mine')

    Raises:
        ConfigError: If the text is none; says what would be.
    """
    name, _, method = (part.strip() for part in text.partition(":"))
    kind, has_value, model = (part.strip() for part in method.partition("="))
    if name not in TASK_NAMES or (has_value and not model):
        raise ConfigError("tasks", text, f"one of {TASK_FORMS}")
    if name == ALARM:
        if kind != "region" or not model:
            raise ConfigError("tasks", text, f"one of {TASK_FORMS}")
        return TaskForm(name, region=model)
    if not method:
        return TaskForm(name, "" if _is_hand_made(name) else MODELS.get(name, ""))
    if kind == "model" and name in MODELS:
        return TaskForm(name, model or MODELS[name])
    if method == HAND_MADE.get(name):
        return TaskForm(name)
    raise ConfigError("tasks", text, f"one of {TASK_FORMS}")


def parse_tasks(texts: Iterable[str]) -> list[TaskForm]:
    """Read tasks, each once.

    Raises:
        ConfigError: If a text is none, or a task is to be done in two ways.
    """
    forms: dict[str, TaskForm] = {}
    for text in texts:
        form = parse_task(text)
        if forms.setdefault(form.name, form) != form:
            raise ConfigError("tasks", text, f"{form.name} in one way only")
    return list(forms.values())


def _is_hand_made(name: str) -> bool:
    if name not in HAND_MADE:
        return False
    return not (PREFER_LEARNED and MODELS[name] in shipped_models())
