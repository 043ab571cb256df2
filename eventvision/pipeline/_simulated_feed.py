"""The thread that renders a simulated camera's scene at the pace of the wall clock.

    scene ──render──▶ camera ──packets──▶ bounded buffer ──take──▶ SimulatedCamera

It looks at the scene as often as the motion there asks for. Where that is more often than it can
render, it leaves out sub-frames and counts them, so that it is never late by more than one
rendering and `MOST_LATE_US`. What does not fit the buffer makes room from its old end and is
counted too.
"""

from __future__ import annotations

import threading
import time
from collections import deque

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Events, Packet
from eventvision.simulation import EventCamera, PictureScene, Scene, SubFrames

MOST_LATE_US = 20_000
PACKET_US = 5_000
MOST_BEHIND_US = 1_000_000
"""What waits longer than this is dropped: a live view of the past helps nobody."""

CLOSE_S = 2.0


class SimulatedFeed:
    """Renders in a thread of its own, from `start` to `close`.

    Args:
        scene: What to look at, again from the beginning where it is made of pictures that end.
        camera: A camera that has seen nothing yet.
    """

    def __init__(self, scene: Scene, camera: EventCamera) -> None:
        self._scene, self._camera = scene, camera
        self._ends_us = scene.duration_us if isinstance(scene, PictureScene) else 0
        self._look = SubFrames()
        self._packets: deque[Packet] = deque()
        self._ready = threading.Condition()
        self._stop = threading.Event()
        self._has_dropped = False
        self._failure: Exception | None = None
        self._thread: threading.Thread | None = None
        self.dropped_events = 0
        self.left_out = 0
        # Compiles what is to be compiled, before the clock runs.
        for t_us in (-2_000, -1_000, 0):
            self._camera.expose(t_us, self._render(max(0, t_us)))

    def start(self) -> None:
        """Let time run, unless it does already."""
        if self._thread is None and not self._stop.is_set():
            self._thread = threading.Thread(
                target=self._run, name="eventvision-simulation", daemon=True
            )
            self._thread.start()

    @property
    def is_closed(self) -> bool:
        """Whether nothing more will come."""
        return self._stop.is_set()

    def take(self, timeout_s: float) -> Packet | None:
        """Return the oldest packet; None if there is none within `timeout_s`.

        Raises:
            EventVisionError: If the scene cannot be rendered any more.
        """
        with self._ready:
            self._ready.wait_for(lambda: self._packets or self._stop.is_set(), timeout_s)
            if self._packets:
                return self._packets.popleft()
            if self._failure is not None:
                raise self._failure
            return None

    def close(self) -> None:
        """End the thread; may be called twice and from any thread."""
        self._stop.set()
        with self._ready:
            self._ready.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(CLOSE_S)

    def _run(self) -> None:
        try:
            self._play()
        except Exception as error:
            self._failure = error
            self.close()

    def _play(self) -> None:
        began_ns = time.monotonic_ns()
        t_us = packed_us = 0
        parts: list[Events] = []
        while not self._stop.is_set():
            now_us = (time.monotonic_ns() - began_ns) // 1000
            next_us = t_us + self._look.step_us(self._scene, self._scene_us(t_us))
            if next_us > now_us:
                self._stop.wait((next_us - now_us) * 1e-6)
            elif now_us - next_us > MOST_LATE_US:
                self.left_out += 1
                next_us = now_us
            parts.append(self._camera.expose(next_us, self._render(next_us)))
            t_us = next_us
            if t_us - packed_us >= PACKET_US:
                self._put(Packet(Events.join(parts), until_us=t_us))
                parts, packed_us = [], t_us

    def _put(self, packet: Packet) -> None:
        marked = Packet(packet.events, until_us=packet.until_us, arrived_ns=time.monotonic_ns())
        with self._ready:
            if self._has_dropped and len(marked):
                marked, self._has_dropped = marked.after_gap(), False
            self._packets.append(marked)
            while _until(marked) - _until(self._packets[0]) > MOST_BEHIND_US:
                lost = self._packets.popleft()
                self.dropped_events += len(lost)
                self._mark_gap()
            self._ready.notify()

    def _mark_gap(self) -> None:
        """Let the packet that is now the oldest say that something before it is missing."""
        if self._packets and len(self._packets[0]):
            self._packets[0] = self._packets[0].after_gap()
        else:
            self._has_dropped = True

    def _scene_us(self, t_us: int) -> int:
        return t_us % self._ends_us if self._ends_us else t_us

    def _render(self, t_us: int) -> NDArray[np.float32]:
        return self._scene.render(self._scene_us(t_us))


def _until(packet: Packet) -> int:
    return packet.until_us or 0
