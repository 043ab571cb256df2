"""Our side of the `gui` benchmark; windows are drawn without a screen unless one is there."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
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


def play(path: str, seconds: float, views: int, tasks: list[str], speed: float) -> dict[str, float]:
    """Play a recording in a loop in a window; return how smoothly that went.

    Returns:
        `fps`: pictures shown a second; `worst_ms`: longest time in which the window did nothing;
        `stalls`: how often it was over 50 ms; `work_ms`: most CPU time that the window took for
        one event of its loop; `mev_s`: million events played a second.
    """
    _without_screen()
    from eventvision_apps.gui.controller import Controller
    from eventvision_apps.gui.state import AppState
    from eventvision_apps.gui.threads import share_the_interpreter
    from eventvision_apps.gui.views.main_window import MainWindow
    from PyQt6.QtCore import Qt, QTimer
    from PyQt6.QtWidgets import QApplication

    works: list[float] = []

    class Timed(QApplication):
        def notify(self, receiver: Any, event: Any) -> bool:
            began = time.thread_time()
            answer = super().notify(receiver, event)
            works.append(time.thread_time() - began)
            return bool(answer)

    share_the_interpreter()
    application = Timed([])
    state = AppState()
    controller = Controller(state)
    played = _counted(controller)
    window = MainWindow(state, controller)
    window.resize(1600, 1000)
    window.show()
    controller.views.set_count(views)
    for task in state.pipeline.value.tasks:
        controller.pipeline.set_task(task.name, on=task.name in tasks)
    controller.playback.set_loops(loops=True)
    controller.playback.set_speed(speed)
    controller.source.open(path)

    def until(is_so: Callable[[], bool], most_s: float = 240.0) -> None:
        end = time.monotonic() + most_s
        while not is_so() and time.monotonic() < end:
            application.processEvents()
            time.sleep(0.001)

    until(lambda: state.playback.value.last_us is not None)
    until(lambda: state.playback.value.position_us > state.playback.value.first_us + 300_000)
    beats: list[float] = []
    ticks = 0

    def count(_tick: int) -> None:
        nonlocal ticks
        ticks += 1

    forget = state.tick.observe(count)
    heart = QTimer()
    heart.setTimerType(Qt.TimerType.PreciseTimer)
    heart.timeout.connect(lambda: beats.append(time.perf_counter()))
    heart.start(1)
    events = played()
    began = time.perf_counter()
    ticks = 0
    works.clear()
    QTimer.singleShot(round(seconds * 1000), application.quit)
    application.exec()
    elapsed = time.perf_counter() - began
    heart.stop()
    forget()
    gaps = np.diff(beats) * 1e3
    mev_s = (played() - events) / elapsed / 1e6
    window.close()
    return {
        "fps": ticks / elapsed,
        "worst_ms": float(gaps.max()),
        "work_ms": max(works) * 1e3,
        "stalls": int((gaps > 50).sum()),
        "mev_s": mev_s,
    }


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
