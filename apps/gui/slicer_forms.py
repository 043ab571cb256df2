"""Slicers as the window offers them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SlicerForm:
    """One rule by which slices end.

    Attributes:
        name: As in `eventvision.slicing.SLICER_FORMS`.
        title: What it is called in the window.
        tip: What it does, in plain words.
        usual: The setting with which it begins.
        hint: How the setting is written.
    """

    name: str
    title: str
    tip: str
    usual: str
    hint: str

    def text(self, setting: str) -> str:
        """Return the slicer as it is written."""
        return f"{self.name}:{setting}" if setting else self.name


SLICERS = (
    SlicerForm("time", "Time", "Every slice is as long", "10ms", "length, such as 10ms"),
    SlicerForm(
        "count", "Events", "Every slice has as many events", "20000", "events, such as 20000"
    ),
    SlicerForm(
        "activity",
        "Activity",
        "A slice ends when enough of the scene has seen enough events",
        "10%+64",
        "share of the cells and events in each, such as 10%+64",
    ),
    SlicerForm(
        "trigger",
        "Spiking trigger",
        "A small spiking network says when a slice ends: its potential is in the timeline",
        "rate=30",
        "settings, such as rate=30,longest=50ms",
    ),
)


def slicer_form(text: str) -> SlicerForm:
    """Return the kind of a slicer as it is written; time where it is none."""
    name = text.partition(":")[0].strip()
    return next((form for form in SLICERS if form.name == name), SLICERS[0])
