"""Everything that menus and keys do: one line each. Help lists keys from here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .main_window import MainWindow

Act = Callable[["MainWindow"], object]

MENUS = ("File", "Playback", "View", "Pipeline", "Help")


@dataclass(frozen=True, slots=True)
class Command:
    """One thing to do.

    Attributes:
        menu: In which menu it is.
        text: What it says there.
        keys: Keys that do it, the first is shown in the menu.
        act: What it does; or `module:function` in this package, loaded when it is needed.
        tip: What it does, in plain words.
        separated: Whether a line stands above it in the menu.
    """

    menu: str
    text: str
    keys: tuple[str, ...]
    act: Act | str
    tip: str = ""
    separated: bool = False

    def __call__(self, window: MainWindow) -> None:
        """Do it."""
        act = self.act
        if isinstance(act, str):
            module, _, name = act.partition(":")
            loaded: Act = getattr(import_module(f".{module}", __package__), name)
            loaded(window)
        else:
            act(window)


def _seek_by(seconds: float) -> Act:
    return lambda window: window.controller.playback.seek_by(seconds)


def _lengthen(steps: int) -> Act:
    return lambda window: window.controller.views.lengthen(steps)


def _show(count: int) -> Act:
    return lambda window: window.controller.views.set_count(count)


COMMANDS: tuple[Command, ...] = (
    Command("File", "Open file…", ("Ctrl+O",), lambda w: w.open_file(), "Open a recording"),
    Command("File", "Camera…", ("Ctrl+K",), "going:to_cameras", "See attached cameras"),
    Command("File", "Network…", (), "going:to_network", "Open a stream from the network"),
    Command("File", "Simulated camera…", ("Ctrl+M",), "going:to_simulator", "No camera? Try one"),
    Command(
        "File", "Close", ("Ctrl+W",), lambda w: w.controller.source.close(), "Close what is open"
    ),
    Command(
        "File",
        "Record or stop",
        ("Ctrl+R",),
        "record_panel:record_or_stop",
        "Record what the source sends to a new file, or finish it",
        separated=True,
    ),
    Command(
        "File",
        "Save marked part…",
        ("Ctrl+S",),
        "dialogs:cut",
        "Save the part between the marks IN and OUT as a recording",
        separated=True,
    ),
    Command("File", "Convert…", ("Ctrl+Shift+S",), "dialogs:convert", "To another format"),
    Command("File", "Export video…", ("Ctrl+E",), "dialogs:video", "With boxes, as MP4"),
    Command("File", "Export results…", ("Ctrl+Shift+E",), "dialogs:results", "As lines of JSON"),
    Command("File", "Repair…", (), "dialogs:repair", "Write a sound copy of a damaged recording"),
    Command(
        "File",
        "Contents and damage…",
        ("Ctrl+I",),
        "dialogs:contents",
        "Read the whole recording; say what it holds and what is damaged",
    ),
    Command(
        "File",
        "Save picture…",
        ("Ctrl+P",),
        lambda w: w.save_picture(),
        "Save what the views show as a picture",
        separated=True,
    ),
    Command("File", "Quit", ("Ctrl+Q",), lambda w: w.close(), "End the program", separated=True),
    Command(
        "Playback",
        "Play or pause; live: record",
        ("Space",),
        "record_panel:space",
        "Play or pause a recording; of a live source, record or stop",
    ),
    Command(
        "Playback",
        "Hold the picture",
        ("k",),
        lambda w: w.controller.playback.toggle(),
        "Pause, also what is live; the camera runs on",
    ),
    Command("Playback", "One second on", ("f",), _seek_by(1), "Go one second further"),
    Command("Playback", "One second back", ("b",), _seek_by(-1), "Go one second back"),
    Command(
        "Playback",
        "Next slice",
        (".",),
        lambda w: w.controller.playback.step(1),
        "Hold, and show the next slice",
    ),
    Command(
        "Playback",
        "Previous slice",
        (",",),
        lambda w: w.controller.playback.step(-1),
        "Hold, and show the slice before",
    ),
    Command("Playback", "Faster", ("]",), lambda w: w.controller.playback.faster(1), "Play faster"),
    Command(
        "Playback", "Slower", ("[",), lambda w: w.controller.playback.faster(-1), "Play slower"
    ),
    Command(
        "Playback",
        "Real time",
        ("1",),
        lambda w: w.controller.playback.set_speed(1.0),
        "Play at the speed at which it was recorded",
    ),
    Command(
        "Playback",
        "Mark IN",
        ("i",),
        lambda w: w.controller.playback.mark_in(),
        "Let the marked part begin here",
        separated=True,
    ),
    Command(
        "Playback",
        "Mark OUT",
        ("p",),
        lambda w: w.controller.playback.mark_out(),
        "Let the marked part end here",
    ),
    Command(
        "Playback",
        "No marks",
        ("x",),
        lambda w: w.controller.playback.clear_marks(),
        "Mark nothing: the whole recording",
    ),
    Command("Playback", "Loop", ("l",), lambda w: w.toggle_loop(), "Begin again at the end"),
    Command("View", "One view", ("Ctrl+1",), _show(1), "Show one event view"),
    Command("View", "Two views", ("Ctrl+2",), _show(2), "Show two event views side by side"),
    Command("View", "Four views", ("Ctrl+4",), _show(4), "Show four event views"),
    Command(
        "View",
        "Overlay",
        ("o",),
        lambda w: w.controller.views.toggle_overlay(),
        "Show or hide boxes, names, trails and regions",
    ),
    Command(
        "View",
        "Longer accumulation",
        ("+", "="),
        _lengthen(1),
        "Let events stay longer, whatever the display rate",
        separated=True,
    ),
    Command("View", "Shorter accumulation", ("-",), _lengthen(-1), "Let events stay for less time"),
    Command(
        "View",
        "Choose region",
        ("r",),
        lambda w: w.grid.choose("region"),
        "Drag a rectangle: raise alarms or count in it, keep only its events, or zoom to it",
    ),
    Command(
        "View",
        "Counting line",
        ("c",),
        lambda w: w.grid.choose("line"),
        "Drag a line: count what crosses it, by direction",
    ),
    Command(
        "View",
        "No counting",
        ("Shift+C",),
        lambda w: w.controller.pipeline.count_nowhere(),
        "Forget all lines and zones at which objects are counted",
    ),
    Command(
        "View",
        "Whole sensor",
        ("0",),
        lambda w: w.show_all(),
        "Zoom out until the whole sensor is seen",
    ),
    Command(
        "View",
        "Full screen",
        ("F11",),
        lambda w: w.toggle_full_screen(),
        "Fill the screen, or not",
        separated=True,
    ),
    Command("View", "3-D view", ("3",), "going:to_cloud", "Events in x, y and time"),
    Command(
        "View",
        "Colours as the desktop",
        (),
        "going:theme_system",
        "Light or dark as the desktop is",
        separated=True,
    ),
    Command("View", "Light colours", (), "going:theme_light", "Dark text on a light window"),
    Command("View", "Dark colours", (), "going:theme_dark", "Light text on a dark window"),
    Command(
        "View",
        "Usual layout",
        (),
        "layout:reset_layout",
        "Put all panels where they were at the first start",
    ),
    Command("Help", "Keys", ("F1", "h"), "dialogs:keys", "List all commands and their keys"),
    Command("Help", "Welcome", (), "welcome:attach_welcome", "Steps and sample recordings"),
    Command("Help", "Problems", ("F8",), "going:to_problems", "What is lost or does not work"),
    Command(
        "Help",
        "Copy diagnostics",
        ("Ctrl+Shift+D",),
        "going:copy_diagnostics",
        "Versions, devices, cameras, settings, status as text; no secrets",
    ),
)
"""All commands; within a menu, in this order."""
