"""Decoders of recordings that are read from the beginning on: bytes in, a step's worth out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EVENT_DTYPE, IMU_DTYPE, TRIGGER_DTYPE, Damage, Frame, SensorSize

from ._file_bytes import Bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What a decoder made of a stretch of bytes.

    Attributes:
        events: Shape (N,), dtype `EVENT_DTYPE`, as found: the guard comes later.
        after: Offset of the first byte that was not used.
        imu: Shape (M,), dtype `IMU_DTYPE`.
        triggers: Shape (K,), dtype `TRIGGER_DTYPE`.
        frames: Images that became complete.
        damage: What was wrong.
    """

    events: NDArray[np.void]
    after: int
    imu: NDArray[np.void] = field(default_factory=lambda: np.empty(0, IMU_DTYPE))
    triggers: NDArray[np.void] = field(default_factory=lambda: np.empty(0, TRIGGER_DTYPE))
    frames: tuple[Frame, ...] = ()
    damage: tuple[Damage, ...] = ()

    @classmethod
    def of_nothing(cls, after: int, *damage: Damage) -> Step:
        """Return a step without events."""
        return cls(events=np.empty(0, EVENT_DTYPE), after=after, damage=damage)


LARGEST_NUMBER = 1 << 60
"""Times that decoders remember stay below, so that sums of them do not overflow."""


def checked(numbers: NDArray[np.int64], *, count: int) -> list[int]:
    """Return numbers that were packed.

    Raises:
        ValueError: If they are not `count`, or too large for times.
    """
    if (
        numbers.shape != (count,)
        or ((numbers > LARGEST_NUMBER) | (numbers < -LARGEST_NUMBER)).any()
    ):
        raise ValueError(f"not {count} numbers that a decoder remembers")
    values: list[int] = numbers.tolist()
    return values


class Decoder(ABC):
    """Bytes in, events out; what it must remember from step to step is in itself.

    How far a step goes depends on nothing but the bytes from its start on and what the decoder
    remembers, so that a copy made there takes the same steps.
    """

    @abstractmethod
    def copy(self) -> Self:
        """Return a decoder in the same state."""

    @abstractmethod
    def step(self, data: Bytes, start: int) -> Step:
        """Decode a stretch that begins at an offset; always gets on, and to the end at last."""

    def skim(
        self,
        data: Bytes,  # noqa: ARG002
        start: int,
        stop: int,  # noqa: ARG002
        last_us: int,
        sensor: SensorSize,  # noqa: ARG002
    ) -> tuple[int, int]:
        """Get over a stretch in which all is well, much faster than by decoding it.

        All is well where every event would pass a guard of that sensor as it is, and nothing else
        of the stretch is of interest. What the decoder remembers afterwards is what steps over the
        stretch would have left, and steps might well have ended where the stretch does.

        Args:
            data: The recording.
            start: First byte of the stretch, where a step ended.
            stop: Where to stop at the latest.
            last_us: Time of the last event so far.
            sensor: Size of the pixel array that the guard knows.

        Returns:
            First byte that was not skimmed, `start` if none was, and the time of the last event.
        """
        return start, last_us

    def pack(self) -> NDArray[np.int64] | None:
        """Return all that it remembers as numbers; None if that is more than a few."""
        return None

    def unpack(self, numbers: NDArray[np.int64]) -> Self:
        """Return a decoder like this that remembers what another one packed.

        Raises:
            ValueError: If no decoder can remember such numbers.
        """
        raise ValueError(f"{type(self).__name__} cannot be unpacked from {numbers.size} numbers")
