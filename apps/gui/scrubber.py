"""Shows what is there at a time while the position is dragged: seek, read a window, draw it.

It has a thread and a source of its own, so neither the pipeline nor its place in the recording is
touched. Of several wishes the latest counts.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

from eventvision.core import Events, EventVisionError, Source

from .threads import DRAWING, stand_back

Show = Callable[[Events, int], None]

MOST_EVENTS = 2_000_000


class Scrubber:
    """Reads windows of a recording.

    Args:
        show: Takes the events of the window and its end, in the scrubber's thread.
    """

    def __init__(self, show: Show) -> None:
        self._show = show
        self._turn = threading.Condition()
        self._name = ""
        self._wish: tuple[int, int] | None = None
        self._quits = False
        self._thread = threading.Thread(target=self._work, name="scrubber", daemon=True)
        self._thread.start()

    def use(self, name: str) -> None:
        """Read another recording from now on; none if the name is empty."""
        with self._turn:
            self._name, self._wish = name, None
            self._turn.notify()

    def show(self, t_us: int, window_us: int) -> None:
        """Show the events of the `window_us` before a time."""
        with self._turn:
            self._wish = (t_us, window_us)
            self._turn.notify()

    def stop(self) -> None:
        """Forget what was wished."""
        with self._turn:
            self._wish = None

    def quit(self) -> None:
        """End the thread, and wait for that."""
        with self._turn:
            self._quits = True
            self._turn.notify()
        self._thread.join()

    def _work(self) -> None:
        stand_back(DRAWING)
        opened: tuple[str, Source] | None = None
        while True:
            with self._turn:
                while not self._quits and not self._wish and (opened is None or self._is(opened)):
                    self._turn.wait()
                if self._quits:
                    break
                wish, self._wish, name = self._wish, None, self._name
            if opened is not None and opened[0] != name:
                opened[1].close()
                opened = None
            if wish is None or not name:
                continue
            try:
                opened = opened or _open(name)
                self._read(opened[1], *wish)
            except EventVisionError:
                continue  # the pipeline tells what is wrong when it comes to this place
        if opened is not None:
            opened[1].close()

    def _is(self, opened: tuple[str, Source]) -> bool:
        return opened[0] == self._name

    def _read(self, source: Source, t_us: int, window_us: int) -> None:
        """Read a window and show it, whatever is wished meanwhile: else a drag showed nothing."""
        source.seek(t_us - window_us)
        parts: list[Events] = []
        count = 0
        for packet in source:
            if self._quits:
                return
            data = packet.events.data
            stop = int(np.searchsorted(data["t"], t_us))
            if stop:
                parts.append(Events(data[:stop], packet.sensor))
                count += stop
            if stop < data.size or count > MOST_EVENTS:
                break
        events = Events.join(parts) if parts else Events.empty(source.info.sensor)
        self._show(events, t_us)


def _open(name: str) -> tuple[str, Source]:
    from eventvision.io import open_source

    return name, open_source(name)
