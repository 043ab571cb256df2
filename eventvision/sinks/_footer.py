"""The strip at the bottom of a picture: time, slice, events, rate, polarity, tracks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Slice

from ._layout import Layout
from ._palette import RULE, TEXT, TEXT_DIM
from ._text import BOLD, draw_text

_CELLS = (
    ("TIME", 1.0), ("SLICE", 1.35), ("EVENTS", 0.9), ("RATE", 1.05), ("ON", 0.65), ("TRACKS", 0.8),
)  # fmt: skip
_CELL_MOST_PX = 150


def draw_footer(
    picture: NDArray[np.uint8], slice_: Slice, start_us: int, tracks: int | None, layout: Layout
) -> None:
    """Write what a slice was like; time counts from `start_us`, `tracks` is None if not known."""
    top = layout.height - layout.footer_h
    picture[top] = RULE
    values = (*_values(slice_, start_us), "–" if tracks is None else str(tracks))
    for (name, _), value, x in zip(_CELLS, values, cell_lefts(layout), strict=True):
        if name == "TRACKS" and tracks is None:
            continue
        draw_text(picture, name, x, top + layout.px(19), size_px=layout.px(10), colour=TEXT_DIM)
        draw_text(
            picture, value, x, top + layout.px(38), size_px=layout.px(15), colour=TEXT, weight=BOLD
        )


def cell_lefts(layout: Layout) -> list[int]:
    """Return where the cells begin; they share the width, up to what they need."""
    margin = layout.px(14)
    shares = [share for _, share in _CELLS]
    share_px = min(layout.px(_CELL_MOST_PX), (layout.width - margin) / sum(shares))
    return [margin + round(share_px * sum(shares[:index])) for index in range(len(shares))]


def _values(slice_: Slice, start_us: int) -> tuple[str, str, str, str, str]:
    events = len(slice_)
    rate_hz = events * 1e6 / max(1, slice_.duration_us)
    on = f"{100 * np.count_nonzero(slice_.events.on) / events:.0f} %" if events else "–"
    return (
        f"{(slice_.t0_us - start_us) / 1e6:.3f} s",
        f"{slice_.index} · {_duration(slice_.duration_us)}",
        _count(events),
        _rate(rate_hz),
        on,
    )


def _count(events: int) -> str:
    return f"{events / 1e6:.2f} M" if events >= 1_000_000 else f"{events:,}"


def _rate(rate_hz: float) -> str:
    return f"{rate_hz / 1e6:.2f} Mev/s" if rate_hz >= 1e5 else f"{rate_hz / 1e3:.1f} kev/s"


def _duration(duration_us: int) -> str:
    if duration_us < 1_000:
        return f"{duration_us} µs"
    if duration_us < 1_000_000:
        return f"{duration_us / 1e3:.1f} ms"
    return f"{duration_us / 1e6:.2f} s"
