"""Event views: how many, what each shows, which part of the sensor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..state import MOST_VIEWS, AppState, Base, Palette, Viewport, ViewSettings

SHORTEST_US, LONGEST_US = 100, 10_000_000
MOST_ZOOM = 64.0
RATES_FPS = (10, 15, 20, 25, 30, 50, 60)
ACCUMULATIONS_US = (
    100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 33_000, 50_000, 100_000, 200_000, 500_000,
    1_000_000, 2_000_000, 5_000_000, 10_000_000,
)  # fmt: skip
"""What `+` and `-` step through."""

SECOND_BASES: tuple[Base, ...] = ("surface", "reconstruction", "depth", "segmentation")
"""What views that are added show."""


class Views:
    """Changes the settings of event views; the active one where no index is given."""

    def __init__(self, state: AppState) -> None:
        self._cell = state.views

    @property
    def active(self) -> ViewSettings:
        """Settings of the active view."""
        part = self._cell.value
        return part.views[part.active]

    def set_count(self, count: int) -> None:
        """Show one to four views; new ones show what is not seen yet."""
        count = min(max(1, count), MOST_VIEWS)
        part = self._cell.value
        views = list(part.views[:count])
        viewports = list(part.viewports[:count])
        while len(views) < count:
            shown = {view.base for view in views}
            base = next(base for base in SECOND_BASES if base not in shown)
            views.append(replace(views[0], base=base))
            viewports.append(viewports[0] if part.linked else Viewport())
        self._cell.change(
            views=tuple(views), viewports=tuple(viewports), active=min(part.active, count - 1)
        )

    def activate(self, index: int) -> None:
        """Let keys and menus act on a view."""
        if 0 <= index < len(self._cell.value.views):
            self._cell.change(active=index)

    def change(self, index: int | None = None, **settings: Any) -> None:
        """Replace settings of a view, see `ViewSettings`."""
        part = self._cell.value
        at = part.active if index is None else index
        views = list(part.views)
        views[at] = replace(views[at], **settings)
        self._cell.change(views=tuple(views))

    def set_base(self, base: Base, index: int | None = None) -> None:
        """Lay something else under the events."""
        self.change(index, base=base)

    def set_palette(self, palette: Palette) -> None:
        """Colour the events of all views."""
        views = tuple(replace(view, palette=palette) for view in self._cell.value.views)
        self._cell.change(views=views)

    def set_accumulation(self, accumulation_us: int) -> None:
        """Let events stay for so long, in all views; bounded to what makes sense."""
        bounded = min(max(SHORTEST_US, accumulation_us), LONGEST_US)
        views = tuple(replace(view, accumulation_us=bounded) for view in self._cell.value.views)
        self._cell.change(views=views)

    def lengthen(self, steps: int) -> None:
        """Go so many steps up or down the usual accumulation times."""
        now_us = self.active.accumulation_us
        if steps > 0:
            further = [time_us for time_us in ACCUMULATIONS_US if time_us > now_us]
        else:
            further = [time_us for time_us in reversed(ACCUMULATIONS_US) if time_us < now_us]
        if further:
            self.set_accumulation(further[min(abs(steps), len(further)) - 1])

    def toggle_overlay(self) -> None:
        """Show boxes, labels, trails and regions, or none of them, in all views."""
        shown = not self.active.boxes
        self._on_all(
            lambda view: replace(view, boxes=shown, labels=shown, trails=shown, regions=shown)
        )

    def set_fps(self, fps: int) -> None:
        """Draw so many pictures per second, whatever the event rate."""
        self._cell.change(fps=min(max(1, fps), 60))

    def set_linked(self, *, linked: bool) -> None:
        """Let views zoom and move together, or each for itself."""
        part = self._cell.value
        viewports = (part.viewports[part.active],) * len(part.views) if linked else part.viewports
        self._cell.change(linked=linked, viewports=viewports)

    def look(self, viewport: Viewport, index: int | None = None) -> None:
        """Show another part of the sensor."""
        part = self._cell.value
        zoom = min(max(1.0, viewport.zoom), MOST_ZOOM)
        half = 0.5 / zoom
        bounded = Viewport(
            x=min(max(half, viewport.x), 1 - half),
            y=min(max(half, viewport.y), 1 - half),
            zoom=zoom,
        )
        if part.linked:
            self._cell.change(viewports=(bounded,) * len(part.views))
            return
        viewports = list(part.viewports)
        viewports[part.active if index is None else index] = bounded
        self._cell.change(viewports=tuple(viewports))

    def _on_all(self, changed: Callable[[ViewSettings], ViewSettings]) -> None:
        self._cell.change(views=tuple(map(changed, self._cell.value.views)))
