"""The panels around the event views: one line each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Literal

from PyQt6.QtWidgets import QWidget

from ..controller import Controller
from ..state import AppState

Area = Literal["left", "right", "bottom"]
Factory = Callable[[AppState, Controller], QWidget]


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel.

    Attributes:
        title: What stands above it, and in the menu.
        area: Where it is at first.
        made_by: `module:function` in this package: takes state and controller, gives the widget.
        shown: Whether it is there at first.
        is_heavy: Whether it stands on modules that take long to load: it is filled after those.
    """

    title: str
    area: Area
    made_by: str
    shown: bool = True
    is_heavy: bool = True

    def make(self, state: AppState, controller: Controller) -> QWidget:
        """Make the widget; its module is loaded now and not before."""
        module, _, name = self.made_by.partition(":")
        factory: Factory = getattr(import_module(f".{module}", __package__), name)
        return factory(state, controller)


PANELS: tuple[Panel, ...] = (
    Panel("Pipeline", "right", "pipeline_panel:PipelinePanel", is_heavy=False),
    Panel("Timeline", "bottom", "timeline_panel:TimelinePanel", is_heavy=False),
    Panel("Sources", "left", "sources_panel:make"),
    Panel("Recording", "left", "record_panel:make", shown=False),
    Panel("3-D", "right", "cloud_panel:make", shown=False),
    Panel("Problems", "right", "problems_panel:make", shown=False),
)
"""In the order of the menu; those of one area that are not shown at first lie behind the others."""
