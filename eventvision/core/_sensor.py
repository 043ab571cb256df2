"""The size of a pixel array."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class SensorSize:
    """Width and height of a sensor in pixels.

    >>> SensorSize.parse("346x260")
    SensorSize(width=346, height=260)
    >>> str(SensorSize(346, 260)), SensorSize(346, 260).shape
    ('346x260', (260, 346))
    """

    width: int
    height: int

    def __post_init__(self) -> None:
        if not (0 < self.width <= 65_535 and 0 < self.height <= 65_535):
            raise ValueError(f"a sensor is 1 to 65535 pixels wide and high, got {self}")

    @classmethod
    def parse(cls, text: str) -> SensorSize:
        """Read `WIDTHxHEIGHT`.

        Raises:
            ValueError: If the text is anything else.
        """
        match = re.fullmatch(r"(\d{1,5})[xX](\d{1,5})", text.strip())
        if match is None:
            raise ValueError(f"sensor size must look like 346x260, got {text!r}")
        return cls(int(match[1]), int(match[2]))

    @property
    def shape(self) -> tuple[int, int]:
        """Array shape (height, width)."""
        return self.height, self.width

    @property
    def pixels(self) -> int:
        """Number of pixels."""
        return self.width * self.height

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"
