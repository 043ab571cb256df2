"""Opens dialogs about the source that is open; each lives until it is closed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QDialog, QWidget

from eventvision.core import EventVisionError

from ..exports import ExportForm, Kind, new_export, with_stretch
from ..presets import config_values
from ..state import AppState

if TYPE_CHECKING:
    from .main_window import MainWindow


def export(window: MainWindow, kind: Kind) -> None:
    """Make something of the recording that is open, or say why that cannot be."""
    if not _has_recording(window):
        return
    from .export_dialog import ExportDialog

    try:
        form = _form(window.state, kind)
    except EventVisionError as error:
        window.controller.problems.add("file", error)
        return
    show(ExportDialog(form, window))


def inspect(parent: QWidget, state: AppState) -> None:
    """Show what the recording holds and what is damaged in it."""
    part = state.source.value
    if part.info is None or part.is_live:
        return
    from .export_dialog import ExportDialog
    from .inspection_dialog import InspectionDialog

    def repair() -> None:
        show(ExportDialog(new_export("repair", part.name), parent))

    show(InspectionDialog(part.name, repair, parent))


def convert(window: MainWindow) -> None:
    """Write the recording in another format."""
    export(window, "convert")


def cut(window: MainWindow) -> None:
    """Save the marked part."""
    export(window, "cut")


def repair(window: MainWindow) -> None:
    """Write a sound copy of a damaged recording."""
    export(window, "repair")


def video(window: MainWindow) -> None:
    """Write a video with what the tasks find."""
    export(window, "video")


def results(window: MainWindow) -> None:
    """Write what the tasks find."""
    export(window, "results")


def contents(window: MainWindow) -> None:
    """Show what the recording holds and what is damaged in it."""
    if _has_recording(window):
        inspect(window, window.state)


def keys(window: MainWindow) -> None:
    """Show all keys."""
    from .commands import COMMANDS
    from .keys_dialog import KeysDialog

    show(KeysDialog(COMMANDS, window))


def show(dialog: QDialog) -> None:
    """Show a dialog beside the window, which stays usable."""
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.show()


def _has_recording(window: MainWindow) -> bool:
    """Tell whether a recording is open; if not, say what to do."""
    part = window.state.source.value
    if part.info is not None and not part.is_live:
        return True
    what = "a live source is recorded first" if part.is_live else "open a recording first"
    window.controller.problems.add("file", f"there is no recording to work on; {what}")
    window.show_panel("Problems")
    return False


def _form(state: AppState, kind: Kind) -> ExportForm:
    """Return the export to begin with: the marked part, and the pipeline as it is set."""
    from eventvision.pipeline import RunConfig

    name, playback = state.source.value.name, state.playback.value
    first_us = playback.first_us
    marks = (
        None if at_us is None else (at_us - first_us) / 1e6
        for at_us in (playback.mark_in_us, playback.mark_out_us)
    )
    form = with_stretch(new_export(kind, name), *marks)
    if kind in ("video", "results"):
        form = replace(
            form, run=RunConfig.checked(source=name, **config_values(state.pipeline.value))
        )
    return form
