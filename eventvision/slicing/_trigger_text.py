"""Triggers as users write them: `trigger:rate=30,longest=50ms`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from eventvision.core import (
    ModelCard,
    ModelError,
    SensorSize,
    Session,
    parse_count,
    parse_duration_us,
)

from ._trigger import CELL_INPUT, CURRENT_OUTPUT, SliceByTrigger, TriggerSettings, grid_of

TRIGGER_FORM = "trigger[:rate=HZ,model=NAME,longest=TIME,shortest=TIME,adapt=on|off]"
DEFAULT_TRIGGER = "trigger-nano"

OpenTrigger = Callable[[str, Mapping[str, int]], tuple[ModelCard, Session]]
"""Opens a model by its name or folder, for free sizes of its inputs by name."""

_NAMES: dict[str, tuple[str, Callable[[str], Any]]] = {
    "rate": ("rate_hz", float),
    "threshold": ("threshold", float),
    "cell": ("cell_us", parse_duration_us),
    "shortest": ("shortest_us", parse_duration_us),
    "longest": ("longest_us", parse_duration_us),
    "most": ("most_events", parse_count),
    "adapt": ("adapts", lambda text: {"on": True, "off": False}[text]),
}


def build_trigger(setting: str, sensor: SensorSize, open_trigger: OpenTrigger) -> SliceByTrigger:
    """Open the network and put the slicer around it.

    What the setting does not say is as the model's card says under `slicer`.

    Args:
        setting: What follows `trigger:`, or nothing.
        sensor: Size of the pixel array.
        open_trigger: Opens the network.

    Raises:
        ValueError: If the setting cannot be used.
        ModelError: If the model is missing or is no trigger.
        DeviceError: If it cannot run.
    """
    wanted = dict(_pair(part) for part in setting.split(",") if part.strip())
    model = wanted.pop("model", DEFAULT_TRIGGER)
    settings_of(TriggerSettings(), wanted)
    rows, columns = grid_of(sensor)
    card, session = open_trigger(model, {"rows": rows, "columns": columns})
    return SliceByTrigger(sensor, session, settings_of(_card_settings(card), wanted))


def settings_of(before: TriggerSettings, texts: Mapping[str, str]) -> TriggerSettings:
    """Return settings with some changed as texts say.

    Raises:
        ValueError: If a name is not known or a value cannot be used.
    """
    changes: dict[str, Any] = {}
    for name, text in texts.items():
        if name not in _NAMES:
            raise ValueError(f"{name!r} is not one of {', '.join(('model', *_NAMES))}")
        field, read = _NAMES[name]
        try:
            changes[field] = read(text)
        except (KeyError, ValueError) as error:
            raise ValueError(f"{name}={text} cannot be read") from error
    return replace(before, **changes)


def _pair(part: str) -> tuple[str, str]:
    name, equals, value = part.partition("=")
    if not equals:
        raise ValueError(f"{part!r} has no value")
    return name.strip(), value.strip()


def _card_settings(card: ModelCard) -> TriggerSettings:
    """Return what a card says of the slices, and refuse one that is of no trigger.

    Raises:
        ModelError: If it is of something else.
    """
    name, _, setting = card.slicer.partition(":")
    fits = set(card.inputs) == {CELL_INPUT} and set(card.outputs) == {CURRENT_OUTPUT}
    if name != "trigger" or not fits:
        problem = f"is no trigger: it does {card.task}"
        raise ModelError(card.name, problem, f"name a model such as {DEFAULT_TRIGGER}")
    try:
        parts = dict(_pair(part) for part in setting.split(",") if part.strip())
        return settings_of(TriggerSettings(), parts)
    except ValueError as error:
        raise ModelError(card.name, f"slicer of its card: {error}", "correct the card") from error
