"""One topic with events: its messages in, events and triggers out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from eventvision.core import TRIGGER_DTYPE, Damage, FormatError, SensorSize
from eventvision.io._decoder import Step
from eventvision.kernels.words import joined

from .messages import ARRAYS, PACKETS, EventMessage, MessageDecoder, read_message

EVENT_TYPES = ARRAYS | PACKETS
"""Types of the messages that can be read."""

_CLOCKS = {
    "array": "Times are ROS times of the events, cut to whole microseconds.",
    "evt2": "Times are those of the camera's clock.",
    "evt3": "Times are those of the camera's clock.",
    "mono": "Times are the packets' bases and what the events add, cut to whole microseconds.",
    "trigger": "Times are the packets' bases and what the triggers add.",
}
_ODD_WORDS = {
    "no-time-base": "events before the first time and row",
    "reserved-words": "{} words of reserved types",
    "false-time": "{} time words that those after them contradict",
}


class TopicDecoder:
    """Decodes the messages of a topic and collects what they hold.

    Attributes:
        topic: Name of the topic.
        kind: Type of its messages.
        events: How many events were collected since the last `step`.
    """

    def __init__(
        self, topic: str, kind: str, first: EventMessage | MessageDecoder, *, cdr: bool
    ) -> None:
        """Prepare for a topic.

        Args:
            topic: Its name.
            kind: Type of its messages, one of `EVENT_TYPES`.
            first: A message of it, or a decoder to go on with.
            cdr: Whether messages are CDR (ROS2) rather than ROS1.

        Raises:
            ValueError: If the encoding of the message is not known.
        """
        self.topic, self.kind, self.events = topic, kind, 0
        self._cdr = cdr
        if isinstance(first, EventMessage):
            first = MessageDecoder(first.encoding, cdr=cdr)
        self._decoder = first
        self._parts: list[NDArray[np.void]] = []
        self._triggers: list[NDArray[np.void]] = []
        self._damage: list[Damage] = []

    def copy(self) -> Self:
        """Return a decoder in the same state that has collected nothing."""
        return type(self)(self.topic, self.kind, self._decoder.copy(), cdr=self._cdr)

    def decode(self, body: bytes, start: int | None = None, stop: int | None = None) -> None:
        """Decode a message; one that cannot be read becomes damage at its place in the file."""
        try:
            message = read_message(body, self.kind, cdr=self._cdr)
            decoded = self._decoder.decode(message)
        except ValueError as error:
            self.report("corrupt-message", str(error), start, stop)
            return
        for events, triggers in decoded:
            self._parts.append(events)
            self._triggers.append(triggers)
            self.events += events.size

    def report(
        self, kind: str, message: str, start: int | None, stop: int | None, events: int = 0
    ) -> None:
        """Collect a damaged place."""
        damage = Damage(
            kind=kind, message=message, byte_start=start, byte_end=stop, events_skipped=events
        )
        self._damage.append(damage)

    def step(self, start: int | None, after: int) -> Step:
        """Return what was collected between two offsets, and begin anew."""
        for kind, count in self._decoder.take_findings().items():
            lost = count if kind == "no-time-base" else 0
            stop = None if start is None else after
            self.report(kind, _ODD_WORDS[kind].format(count), start, stop, lost)
        events = joined(self._parts)
        triggers = np.concatenate([np.empty(0, TRIGGER_DTYPE), *self._triggers])
        damage = tuple(self._damage)
        self._parts, self._triggers, self._damage, self.events = [], [], [], 0
        return Step(events=events, after=after, triggers=triggers, damage=damage)


def topic_notes(topic: str, message: EventMessage, topics: Mapping[str, str]) -> tuple[str, ...]:
    """Return what a source should say about the topic that it reads, and of those that it does not.

    Args:
        topic: Its name.
        message: A message of it.
        topics: Message types by topic, of the whole bag.
    """
    others = sorted(name for name, kind in topics.items() if kind in EVENT_TYPES and name != topic)
    unread = f"; those of {', '.join(others)} are left out" if others else ""
    return f"Events of topic {topic}{unread}.", _CLOCKS[message.encoding]


def stated_sensor(
    message: EventMessage, given: SensorSize | None
) -> tuple[SensorSize | None, Literal["header", "data", "user"]]:
    """Return the size that was given or that a message states; None if it states none."""
    if given is not None:
        return given, "user"
    try:
        return SensorSize(message.width, message.height), "header"
    except ValueError:
        return None, "data"


def no_events(
    path: str | Path, topics: Mapping[str, str], topic: str | None, problem: str
) -> FormatError:
    """Return the error that says what a bag holds instead of events that can be read."""
    listed = ", ".join(f"{name} ({kind})" for name, kind in sorted(topics.items())[:10])
    wanted = "" if topic is None else f" of topic {topic}"
    why = f" ({problem})" if problem else ""
    found = f"holds no messages with events{wanted}{why}; topics: {listed or 'none'}"
    return FormatError(path, found, f"events are read from {', '.join(sorted(EVENT_TYPES))}")
