"""Commands that a broker brings: anybody may send anything, so all else is refused and counted."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

_LONGEST_BYTES = 8
_MEANINGS = {b"ON": True, b"OFF": False}


@dataclass(frozen=True, slots=True)
class MqttCommand:
    """Switch a task, or the recording (whose `name` is empty), on or off."""

    kind: Literal["task", "recording"]
    name: str
    on: bool


def command_topics(base: str) -> tuple[str, str]:
    """Return the topics on which commands come."""
    return f"{base}/tasks/+/set", f"{base}/recording/set"


def parse_command(
    base: str, topic: str, payload: bytes, tasks: Collection[str], *, is_retained: bool
) -> MqttCommand | None:
    """Read a command.

    Args:
        base: First part of the topics.
        topic: Where it came.
        payload: `ON` or `OFF`, in any case.
        tasks: Names of the tasks that can be switched.
        is_retained: Whether the broker had kept it: an old command is none.

    Returns:
        None, if it is anything else.
    """
    on = _MEANINGS.get(payload.strip().upper()) if len(payload) <= _LONGEST_BYTES else None
    if on is None or is_retained:
        return None
    if topic == f"{base}/recording/set":
        return MqttCommand("recording", "", on)
    name = topic.removeprefix(f"{base}/tasks/").removesuffix("/set")
    if topic != f"{base}/tasks/{name}/set" or name not in tasks:
        return None
    return MqttCommand("task", name, on)
