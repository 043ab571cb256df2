"""The menu of sources that were opened lately."""

from __future__ import annotations

from PyQt6.QtWidgets import QMenu

from ..controller import Controller
from ..state import AppState


def add_recent_menu(menu: QMenu, state: AppState, controller: Controller) -> None:
    """Add it below the first entry of a menu."""
    recent = QMenu("Open recent", menu)
    recent.setToolTipsVisible(True)

    def fill() -> None:
        recent.clear()
        names = state.source.value.recent
        for number, name in enumerate(names, start=1):
            key = f"&{number}  " if number <= 9 else ""
            shown = name if len(name) <= 60 else f"…{name[-58:]}"
            action = recent.addAction(f"{key}{shown.replace('&', '&&')}")
            if action is not None:
                action.setToolTip(name)
                action.triggered.connect(
                    lambda _checked=False, name=name: controller.source.open(name)
                )
        if not names:
            empty = recent.addAction("nothing yet")
            if empty is not None:
                empty.setEnabled(False)

    recent.aboutToShow.connect(fill)
    actions = menu.actions()
    menu.insertMenu(actions[1] if len(actions) > 1 else None, recent)
