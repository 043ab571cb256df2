"""Light and dark: the colours of the window, and how well text can be read on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ThemeName = Literal["system", "light", "dark"]
THEMES: tuple[ThemeName, ...] = ("system", "light", "dark")


@dataclass(frozen=True, kw_only=True, slots=True)
class Theme:
    """Colours as 0xRRGGBB.

    Attributes:
        is_dark: Whether text is brighter than what it stands on.
        window: Behind panels.
        field: Behind text that is typed, lists and tables.
        raised: Buttons, headers, cards.
        line: Borders.
        text: Text.
        faint: Text that explains.
        accent: What is selected or leads on.
        on_accent: Text on `accent`.
        good: All is well.
        warn: Something was lost or is slower than wanted.
        bad: Something does not work.
        event_on: Brighter events.
        event_off: Darker events.
        stage: Behind events.
        around: Beside pictures of events.
    """

    is_dark: bool
    window: int
    field: int
    raised: int
    line: int
    text: int
    faint: int
    accent: int
    on_accent: int
    good: int
    warn: int
    bad: int
    event_on: int
    event_off: int
    stage: int
    around: int


DARK = Theme(
    is_dark=True,
    window=0x1B1E23,
    field=0x262B33,
    raised=0x353C47,
    line=0x4B5462,
    text=0xE8EAED,
    faint=0xA4ACB8,
    accent=0x4C9BE8,
    on_accent=0x08131F,
    good=0x55C28A,
    warn=0xF0B44C,
    bad=0xF47C70,
    event_on=0xFFB254,
    event_off=0x4A9BFF,
    stage=0x0E1013,
    around=0x0B0D11,
)
LIGHT = Theme(
    is_dark=False,
    window=0xF4F5F7,
    field=0xFFFFFF,
    raised=0xE7E9ED,
    line=0xC3C8D0,
    text=0x1C2026,
    faint=0x545C68,
    accent=0x1463B8,
    on_accent=0xFFFFFF,
    good=0x1B7A48,
    warn=0x8A5300,
    bad=0xB3261E,
    event_on=0xC25700,
    event_off=0x1463B8,
    stage=0xFFFFFF,
    around=0xD9DCE2,
)


def chosen_theme(name: ThemeName, *, system_is_dark: bool) -> Theme:
    """Return the theme of a name; `system` is that of the desktop."""
    return DARK if name == "dark" or (name == "system" and system_is_dark) else LIGHT


def contrast(one: int, two: int) -> float:
    """Return the contrast of two colours as WCAG 2 defines it, 1 to 21; text needs 4.5."""
    brighter, darker = sorted((_luminance(one), _luminance(two)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def css(colour: int) -> str:
    """Return a colour as style sheets write it.

    >>> css(0x0A0B0C)
    '#0a0b0c'
    """
    return f"#{colour:06x}"


def _luminance(colour: int) -> float:
    def linear(byte: int) -> float:
        share = byte / 255
        return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(colour >> shift & 255) for shift in (16, 8, 0))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
