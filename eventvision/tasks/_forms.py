"""Tasks as users write them: `detection`, `detection:clusters`, `detection:model=PATH`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from eventvision.core import ConfigError, shipped_models

from ._gates import parse_gates

TASK_NAMES = (
    "reconstruction", "detection", "segmentation", "depth", "graph", "tracking", "alarm",
    "counting",
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

ALARM, COUNTING = "alarm", "counting"

SPOTS = ("spots", "dark-spots", "cells")
"""Methods of detection for small objects, with their size in pixels."""

SETTINGS = {"graph": ("every", "on", "budget", "score"), ALARM: ("score",)}
"""What may be set for a task behind its name, one after another with colons between."""

PREFER_LEARNED = False
"""Whether a task that is named without a method, and that has both, is done by its shipped model,
where that is installed."""

TASK_FORMS = """\
reconstruction[:fibar], detection[:clusters], segmentation, depth, \
detection:spots|dark-spots|cells=PIXELS, counting:line=X0xY0-X1xY1;zone=WxH+X+Y, \
graph[:every=TIME][:on=change][:budget=N][:score=P], tracking, alarm:region=WxH+X+Y[:score=P], \
or TASK:model[=NAME]"""


@dataclass(frozen=True, slots=True)
class TaskForm:
    """Which task, and who does it.

    Attributes:
        name: Name of the task.
        model: Name or folder of the model; empty if it is done without one.
        region: What an alarm watches, as `parse_region` reads it.
        gates: What is counted at, as `parse_gates` reads it.
        settings: What else was set, name and text of each, see `SETTINGS`.
    """

    name: str
    model: str = ""
    region: str = ""
    gates: str = ""
    settings: tuple[tuple[str, str], ...] = ()


def parse_task(text: str) -> TaskForm:
    """Read one task.

    >>> parse_task("detection:clusters").model, parse_task("depth:model=./mine").model
    ('', './mine')

    Raises:
        ConfigError: If the text is none; says what would be.
    """
    name, _, rest = (part.strip() for part in text.partition(":"))
    method, settings = _settings_in(name, rest)
    kind, has_value, model = (part.strip() for part in method.partition("="))
    wrong = ConfigError("tasks", text, f"one of {TASK_FORMS}")
    if name not in TASK_NAMES or (has_value and not model) or len(dict(settings)) < len(settings):
        raise wrong
    if name == ALARM:
        if kind != "region" or not model:
            raise wrong
        return TaskForm(name, region=model, settings=settings)
    if name == COUNTING:
        parse_gates(rest)
        return TaskForm(name, gates=rest)
    if name == "detection" and kind in SPOTS and model:
        return TaskForm(name, settings=((kind, model),))
    if not method:
        model = "" if _is_hand_made(name) else MODELS.get(name, "")
        return TaskForm(name, model, settings=settings)
    if kind == "model" and name in MODELS:
        return TaskForm(name, model or MODELS[name], settings=settings)
    if method == HAND_MADE.get(name):
        return TaskForm(name)
    raise wrong


def can_replace(before: TaskForm, after: TaskForm) -> bool:
    """Tell whether a task can be done in another way while a run goes on.

    The model stays, and so does the kind of detection, by which tracking is set up.

    >>> can_replace(parse_task("alarm:region=9x9+0+0"), parse_task("alarm:region=9x9+5+0"))
    True
    >>> can_replace(parse_task("depth"), parse_task("depth:model=mine"))
    False
    """
    if (before.name, before.model) != (after.name, after.model):
        return False
    return after.name != "detection" or bool(before.settings) == bool(after.settings)


def _settings_in(name: str, text: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Part what stands behind the name of a task into its method and its settings, by name."""
    known = SETTINGS.get(name, ())
    if not known:
        return text, ()
    words = "|".join((*known, "model", "region"))
    parts = [part.strip() for part in re.split(rf":(?=\s*(?:{words})\s*=)", text)]
    pairs = [tuple(word.strip() for word in part.partition("=")[::2]) for part in parts]
    settings = sorted((key, value) for key, value in pairs if key in known)
    methods = [part for part, (key, _) in zip(parts, pairs, strict=True) if key not in known]
    return ":".join(methods), tuple(settings)


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
