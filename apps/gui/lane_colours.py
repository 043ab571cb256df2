"""Colours of the timeline that themes do not have, for dark and for light windows."""

from __future__ import annotations

from dataclasses import dataclass

from .theme import Theme


@dataclass(frozen=True, kw_only=True, slots=True)
class LaneColours:
    """Colours as 0xRRGGBB; all can be told from the lane, and from one another.

    Attributes:
        objects: Somebody was seen.
        alarm: An alarm was raised.
        potential: The trigger's potential.
        endings: Why slices end, in the order of `eventvision_apps.gui.history.ENDINGS`.
    """

    objects: int
    alarm: int
    potential: int
    endings: tuple[int, ...]


_DARK = LaneColours(
    objects=0xE8C547,
    alarm=0xFF4D4D,
    potential=0xC9A8FF,
    endings=(0x5B6B7E, 0x4AA8A0, 0x6AB04A, 0xB48CFF, 0xE56A4A, 0x8A8A8A),
)
_LIGHT = LaneColours(
    objects=0x9A7400,
    alarm=0xD01F1F,
    potential=0x6B3FD4,
    endings=(0x8793A4, 0x1F857C, 0x4B8A2C, 0x7A4FE0, 0xC4482A, 0x8A8A8A),
)


def lane_colours(theme: Theme) -> LaneColours:
    """Return the colours that go with a theme."""
    return _DARK if theme.is_dark else _LIGHT
