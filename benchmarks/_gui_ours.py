"""Our side of the `gui` benchmark; windows are drawn without a screen unless one is there."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

_STARTED = """
import sys, time
from PyQt6.QtWidgets import QApplication
from eventvision_apps.gui.controller import Controller
from eventvision_apps.gui.state import AppState
from eventvision_apps.gui.views.main_window import MainWindow
application = QApplication([])
state = AppState()
controller = Controller(state)
window = MainWindow(state, controller)
window.show()
application.processEvents()
print("shown", flush=True)
while not controller.preload.is_done:
    application.processEvents()
    time.sleep(0.005)
print("loaded", flush=True)
window.close()
"""


def _without_screen() -> None:
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


def start() -> dict[str, float]:
    """Return seconds from starting Python to the window, and to all being loaded."""
    _without_screen()
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", _STARTED], stdout=subprocess.PIPE, text=True)
    times = {}
    for line in process.stdout or ():
        times[line.strip()] = time.perf_counter() - began
    process.wait()
    return times


class Stage:
    """A window that is played in, with everything that a user would have around it.

    Args:
        views: How many event views.
        tasks: As `eventvision.tasks.parse_task` reads them; all others are off.

    Attributes:
        works: CPU time that each event of the window's loop took, in seconds.
        shown: How many pictures were shown.
    """

    def __init__(self, views: int, tasks: Sequence[str]) -> None:
        _without_screen()
        from eventvision_apps.gui.controller import Controller
        from eventvision_apps.gui.state import AppState
        from eventvision_apps.gui.threads import share_the_interpreter
        from eventvision_apps.gui.views.main_window import MainWindow
        from PyQt6.QtWidgets import QApplication

        works: list[float] = []
        self.works = works

        class Timed(QApplication):
            def notify(self, receiver: Any, event: Any) -> bool:
                began = time.thread_time()
                answer = super().notify(receiver, event)
                works.append(time.thread_time() - began)
                return bool(answer)

        share_the_interpreter()
        self.application = Timed([])
        self.state = AppState()
        self.controller = Controller(self.state)
        self.played = _counted(self.controller)
        self.window = MainWindow(self.state, self.controller)
        self.window.resize(1600, 1000)
        self.window.show()
        self.controller.views.set_count(views)
        self._set_tasks(tasks)
        self.shown = 0
        self._forget = self.state.tick.observe(self._count)

    def open(self, name: str) -> None:
        """Open a source and wait until it plays; of a recording, until its length is known."""
        self.controller.playback.set_loops(loops=True)
        self.controller.source.open(name)
        playback = self.state.playback
        self.until(lambda: playback.value.phase == "playing")
        if not self.state.source.value.is_live:
            self.until(lambda: playback.value.last_us is not None)
            self.until(lambda: playback.value.position_us > playback.value.first_us + 300_000)

    def until(self, is_so: Callable[[], bool], most_s: float = 240.0) -> None:
        """Let the window live until something is so."""
        end = time.monotonic() + most_s
        while not is_so() and time.monotonic() < end:
            self.application.processEvents()
            time.sleep(0.001)

    def run(self, seconds: float, every_ms: int = 1, act: Callable[[], None] | None = None) -> Any:
        """Let the window live for a while, and do something in its loop every few ms.

        Returns:
            See `play`.
        """
        from PyQt6.QtCore import Qt, QTimer

        beats: list[float] = []
        heart, hand = QTimer(), QTimer()
        heart.setTimerType(Qt.TimerType.PreciseTimer)
        heart.timeout.connect(lambda: beats.append(time.perf_counter()))
        heart.start(1)
        if act is not None:
            hand.timeout.connect(act)
            hand.start(every_ms)
        events, began = self.played(), time.perf_counter()
        self.shown = 0
        self.works.clear()
        found: dict[str, float] = {}

        def note() -> None:
            elapsed = time.perf_counter() - began
            found["fps"] = self.shown / elapsed
            found["mev_s"] = (self.played() - events) / elapsed / 1e6
            found["work_ms"] = max(self.works) * 1e3
            found["window_cpu"] = sum(self.works) / elapsed
            heart.stop()
            self.application.exit()  # `quit` would close the window, and wait for its threads

        QTimer.singleShot(round(seconds * 1000), note)
        self.application.exec()
        gaps = np.diff(beats) * 1e3
        return found | {"worst_ms": float(gaps.max()), "stalls": int((gaps > 50).sum())}

    def close(self) -> None:
        """Close the window; it must be gone before the application is."""
        from PyQt6.QtCore import QEvent

        self._forget()
        self.window.close()
        self.window.deleteLater()
        self.application.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)

    def _count(self, _tick: int) -> None:
        self.shown += 1

    def _set_tasks(self, tasks: Sequence[str]) -> None:
        pipeline = self.controller.pipeline
        wanted = {text.partition(":")[0]: text.partition(":")[2] for text in tasks}
        for task in self.state.pipeline.value.tasks:
            if wanted.get(task.name):
                pipeline.set_method(task.name, wanted[task.name])
            pipeline.set_task(task.name, on=task.name in wanted)


def play(
    path: str, seconds: float, views: int, tasks: list[str], speed: float, fps: int
) -> dict[str, float]:
    """Play a recording in a loop in a window; return how smoothly that went.

    Args:
        path: The recording.
        seconds: For how long.
        views: How many event views.
        tasks: As `eventvision.tasks.parse_task` reads them; all others are off.
        speed: Recording seconds per second.
        fps: How many pictures a second are asked for.

    Returns:
        `fps`: pictures shown a second; `worst_ms`: longest time in which the window did nothing;
        `stalls`: how often it was over 50 ms; `work_ms`: most CPU time that the window took for
        one event of its loop; `window_cpu`: share of a core that it took; `mev_s`: million events
        played a second.
    """
    stage = Stage(views, tasks)
    stage.controller.playback.set_speed(speed)
    stage.controller.views.set_fps(fps)
    stage.open(path)
    found = stage.run(seconds)
    stage.close()
    return dict(found)


def scrub(path: str, seconds: float) -> dict[str, float]:
    """Drag the position back and forth over a recording; return how many places were seen.

    Returns:
        As `play` does, and `settled_ms`: from the end of the drag to the picture of its place.
    """
    _without_screen()
    from eventvision_apps.gui.views.timeline_view import TimelineView
    from PyQt6.QtCore import QEvent, QPointF, Qt
    from PyQt6.QtGui import QMouseEvent
    from PyQt6.QtWidgets import QApplication

    stage = Stage(1, ())
    stage.open(path)
    stage.until(lambda: stage.controller.preload.is_done)
    view = next(each for each in stage.window.findChildren(TimelineView) if each.isVisible())
    left = Qt.MouseButton.LeftButton
    step = 0

    def mouse(kind: QEvent.Type) -> None:
        share = abs(step % 400 - 200) / 200  # there and back in 400 steps
        at = QPointF(10 + share * (view.width() - 20), 30)
        event = QMouseEvent(kind, at, at, left, left, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(view, event)

    def drag() -> None:
        nonlocal step
        step += 1
        mouse(QEvent.Type.MouseMove)

    mouse(QEvent.Type.MouseButtonPress)
    found = stage.run(seconds, every_ms=16, act=drag)
    began, shown = time.perf_counter(), stage.shown
    mouse(QEvent.Type.MouseButtonRelease)
    stage.until(lambda: stage.shown > shown and not stage.state.playback.value.is_seeking)
    found["settled_ms"] = (time.perf_counter() - began) * 1e3
    stage.close()
    return dict(found)


def live(name: str, seconds: float, every_s: float, tasks: list[str]) -> list[float]:
    """Look at a live source in two views; return the memory taken over time, in MiB."""
    stage = Stage(2, tasks)
    stage.open(name)
    found: list[float] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        stage.run(every_s)
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        found.append(pages * os.sysconf("SC_PAGE_SIZE") / 2**20)
        print(f"{found[-1]:.0f} MiB", file=sys.stderr, flush=True)
    stage.close()
    return found


def _counted(controller: Any) -> Callable[[], int]:
    """Count the events that come to be drawn; the run's own count begins anew with every loop."""
    deliver, count = controller.renderer.deliver, 0

    def counting(result: Any) -> None:
        nonlocal count
        count += len(result.slice)
        deliver(result)

    controller.renderer.deliver = counting
    return lambda: count


def draw(path: str, width: int, height: int, frames: int) -> float:
    """Draw windows of 10 ms on a widget; return pictures a second."""
    _without_screen()
    from eventvision_apps.gui.canvas import Canvas
    from eventvision_apps.gui.state import ViewSettings
    from eventvision_apps.gui.views.images import image_over
    from PyQt6.QtGui import QPainter
    from PyQt6.QtWidgets import QApplication, QWidget

    from eventvision.core import SensorSize

    application = QApplication.instance() or QApplication([])
    events = np.load(path)
    canvas = Canvas(SensorSize(width, height))
    picture = np.empty((height, width), np.uint32)
    settings = ViewSettings()

    class Screen(QWidget):
        def paintEvent(self, _event: object) -> None:  # noqa: N802 - Qt's name
            QPainter(self).drawImage(0, 0, image_over(picture))

    screen = Screen()
    screen.resize(width, height)
    screen.show()
    edges = np.searchsorted(events["t"], np.arange(frames + 1) * 10_000)
    began = time.perf_counter()
    for frame in range(frames):
        canvas.enter(events[edges[frame] : edges[frame + 1]])
        canvas.draw(settings, (frame + 1) * 10_000, picture)
        screen.repaint()
        application.processEvents()
    return frames / (time.perf_counter() - began)
