"""What the colours of a view mean."""

from __future__ import annotations

from dataclasses import dataclass

from .canvas import Overlay
from .palettes import PALETTES, colour_of_bgr
from .state import ViewSettings


@dataclass(frozen=True, slots=True)
class Legend:
    """Colours and what they mean, the most important first.

    Attributes:
        entries: Colour, 0xFFRRGGBB, and meaning.
        nearest: What the first colour of depth means; empty where there is none.
        farthest: What the last one means.
    """

    entries: tuple[tuple[int, str], ...] = ()
    nearest: str = ""
    farthest: str = ""


def legend_of(settings: ViewSettings, overlay: Overlay) -> Legend:
    """Return what the colours of a view mean."""
    nearest = farthest = ""
    entries: list[tuple[int, str]] = []
    if settings.base == "surface":
        return Legend(((0xFFFFB43C, "ON"), (0xFF5AAFFF, "OFF, bright is new")))
    if settings.base == "depth" and overlay.depth_is_metric is not None:
        unit = " m" if overlay.depth_is_metric else ""
        nearest, farthest = (f"{end:.1f}{unit}" for end in overlay.depth_range)
    elif settings.base == "segmentation" and overlay.classes:
        from eventvision.sinks import class_colour

        first = 1 if overlay.classes[0] == "background" else 0
        entries += [
            (colour_of_bgr(class_colour(name, class_)), name)
            for class_, name in enumerate(overlay.classes)
            if class_ >= first
        ]
    if settings.events:
        palette = PALETTES[settings.palette]
        entries += [(palette.on, "ON"), (palette.off, "OFF")]
    return Legend(tuple(entries), nearest, farthest)
