"""What the containers of ROS2 bags yield."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FoundMessage:
    """A message, or what stood in the way of one.

    Attributes:
        topic: Its topic.
        kind: Its type, as ROS1 writes it.
        body: The serialised message.
        problem: What was wrong there; empty if nothing.
        start: First byte of the place, None where bytes mean nothing.
        stop: One past its last byte, likewise.
    """

    topic: str = ""
    kind: str = ""
    body: bytes = b""
    problem: str = ""
    start: int | None = None
    stop: int | None = None
