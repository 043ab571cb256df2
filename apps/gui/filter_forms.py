"""Filters as the window offers them: what they are called, what can be tuned, in which range."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from eventvision.core import ConfigError, SensorSize, parse_duration_us

from .words import duration


@dataclass(frozen=True, slots=True)
class Range:
    """What a slider may choose, on a logarithmic scale.

    Attributes:
        least: Smallest value, positive.
        most: Largest value.
        usual: What it is where nothing is said.
        words: How a value is written beside the slider.
    """

    least: float
    most: float
    usual: float
    words: Callable[[float], str] = duration


@dataclass(frozen=True, slots=True)
class FilterForm:
    """One kind of filter.

    Attributes:
        name: As in `eventvision.filters.FILTER_FORMS`.
        title: What it is called in the window.
        tip: What it does, in plain words.
        form: How its setting is written.
        range: What its slider may choose; None where the setting is text.
        is_time: Whether the value is a time in microseconds.
    """

    name: str
    title: str
    tip: str
    form: str
    range: Range | None = None
    is_time: bool = True

    def text(self, setting: str) -> str:
        """Return the filter as it is written."""
        return f"{self.name}:{setting}" if setting else self.name

    def setting(self, value: float) -> str:
        """Return a slider's value as it is written."""
        return f"{value:.0f}us" if self.is_time else f"{value:g}"

    def value(self, setting: str) -> float:
        """Return a written setting as a slider's value; the usual one where it is none."""
        usual = 1.0 if self.range is None else self.range.usual
        if not setting:
            return usual
        try:
            return float(parse_duration_us(setting)) if self.is_time else float(setting)
        except (ValueError, ConfigError):
            return usual

    def first(self, sensor: SensorSize | None) -> str:
        """Return the setting with which it is added."""
        if self.name in ("roi", "crop"):
            size = sensor or SensorSize(346, 260)
            width, height = max(1, size.width // 2), max(1, size.height // 2)
            return f"{width}x{height}+{width // 2}+{height // 2}"
        return {"flip": "x", "rotate": "90"}.get(self.name, "")


FILTERS = (
    FilterForm(
        "background",
        "Background",
        "Removes lone events: those without a neighbour shortly before",
        "time within which a neighbour must have seen something, such as 2ms",
        Range(100, 100_000, 2_000),
    ),
    FilterForm(
        "refractory",
        "Refractory",
        "Lets a pixel rest after each event",
        "time for which a pixel rests, such as 500us",
        Range(10, 100_000, 500),
    ),
    FilterForm(
        "hot_pixels",
        "Hot pixels",
        "Silences pixels that fire far more often than others",
        "how many times the usual rate is too much, such as 10",
        Range(2, 100, 10, lambda value: f"{value:g}x"),
        is_time=False,
    ),
    FilterForm("roi", "Region", "Keeps the events in a rectangle", "WIDTHxHEIGHT+X+Y"),
    FilterForm("crop", "Crop", "Keeps a rectangle, which becomes the sensor", "WIDTHxHEIGHT+X+Y"),
    FilterForm("flip", "Flip", "Mirrors the picture", "x swaps left and right, y top and bottom"),
    FilterForm("rotate", "Rotate", "Turns the picture clockwise", "90, 180 or 270"),
)


def form_of(text: str) -> FilterForm:
    """Return the kind of a filter as it is written; one that is not known is all text."""
    name = text.partition(":")[0].strip()
    return next((form for form in FILTERS if form.name == name), FilterForm(name, name, "", ""))
