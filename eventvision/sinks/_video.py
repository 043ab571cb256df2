"""Results as an annotated video that plays in a browser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Literal, NoReturn

import numpy as np
from numpy.typing import NDArray

from eventvision.core import (
    Events,
    OutputError,
    PartFile,
    SensorSize,
    Slice,
    SliceResult,
    output_errors,
)

from ._encoder import H264File, has_h264, has_pyav
from ._layout import Panel
from ._overlay import OverlayState, compose, panels_for

_WAITING = 2
"""Slices that may wait to be drawn."""


class VideoSink:
    """Writes one frame per slice: H.264 in MP4, at a constant frame rate.

    Frames are drawn and encoded in a thread of the sink's own while the next slice is looked at,
    so what goes wrong there is raised by a later call. The panels are settled by the first slice.
    Frames go to `PATH.part`, which `close` renames to `PATH`; a run without any slice writes none.

    Args:
        path: Target; missing folders are created, an existing file is replaced at `close`.
        sensor: Size of the pixel array that slices refer to.
        fps: Frames per second of the video; it runs in real time if slices are as long.
        show: Panels to show, or `auto` for the events and whatever the tasks give.

    Raises:
        ValueError: If `fps` is not 1 to 240, or a panel is unknown.
        OutputError: If the target cannot be written, or PyAV with an H.264 encoder is missing.
    """

    def __init__(
        self,
        path: str | Path,
        sensor: SensorSize,
        *,
        fps: float = 30.0,
        show: Literal["auto"] | Sequence[Panel] = "auto",
    ) -> None:
        if not 1 <= fps <= 240:
            raise ValueError(f"fps must be 1 to 240, got {fps}")
        if not has_pyav():
            raise OutputError(path, "PyAV is not installed", "pip install 'eventvision[video]'")
        if not has_h264():
            raise OutputError(path, "PyAV has no H.264 encoder here", "install PyAV's own wheel")
        self._path = path
        self._sensor = sensor
        self._fps = Fraction(fps).limit_denominator(1001)
        self._state = None if show == "auto" else OverlayState(sensor, show)
        self._part = PartFile(path)
        if self._part.is_stream:
            raise OutputError(path, "is not an ordinary file", "name one; MP4 needs to rewind")
        _rehearse(sensor)
        self._file: H264File | None = None
        self._picture: NDArray[np.uint8] | None = None
        self._is_open = True
        self._waiting: Queue[SliceResult | None] = Queue(_WAITING)
        self._thread: Thread | None = None
        self._failure: BaseException | None = None

    def write(self, result: SliceResult) -> None:
        """Append the frame of one slice; waits while others wait to be drawn.

        Raises:
            OutputError: If an earlier one could not be stored; a video without its end is of no
                use, and removed.
            ValueError: If the sink is closed, or the slice is of another sensor.
        """
        if not self._is_open:
            raise ValueError(f"{self._path} is closed")
        if result.slice.events.sensor != self._sensor:
            found = result.slice.events.sensor
            raise ValueError(f"expected slices of {self._sensor}, got {found}")
        if self._failure is not None:
            self._give_up()
        if self._thread is None:
            self._thread = Thread(target=self._work, name="video", daemon=True)
            self._thread.start()
        self._waiting.put(replace(result, representation=None))

    def close(self) -> None:
        """Complete the video and give it its final name; may be called twice.

        Raises:
            OutputError: If that fails, or a frame could not be stored; nothing is left behind then.
        """
        if not self._is_open:
            return
        self._end_thread()
        if self._failure is not None:
            self._give_up()
        if self._file is None:
            self.discard()
            return
        try:
            with output_errors(self._path):
                self._file.close()
        except OutputError:
            self.discard()
            raise
        self._is_open = False
        self._part.keep()

    def discard(self) -> None:
        """Remove what was written, instead of `close`; an earlier file at the target stays."""
        self._is_open = False
        self._end_thread()
        if self._file is not None:
            self._file.abandon()
        self._part.discard()

    def _work(self) -> None:
        while (result := self._waiting.get()) is not None:
            if self._failure is None and self._is_open:
                try:
                    self._append(result)
                except BaseException as error:  # the next call raises it
                    self._failure = error

    def _append(self, result: SliceResult) -> None:
        if self._state is None:
            self._state = OverlayState(self._sensor, panels_for(result))
        self._state.update(result)
        self._picture = compose(result, self._state, self._picture)
        with output_errors(self._path):
            self._open_file(self._state).write(self._picture)

    def _end_thread(self) -> None:
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join()
            self._thread = None

    def _give_up(self) -> NoReturn:
        """Discard all and raise what went wrong."""
        failure = self._failure or RuntimeError("nothing went wrong")
        self.discard()
        raise failure

    def _open_file(self, state: OverlayState) -> H264File:
        if self._file is None:
            layout = state.layout
            self._file = H264File(self._part.path, layout.width, layout.height, self._fps)
        return self._file


def _rehearse(sensor: SensorSize) -> None:
    """Draw a picture of nothing: fonts and kernels load now, not while the first slice waits."""
    nothing = SliceResult(Slice(0, Events.empty(sensor), 0, 1, "flush"))
    state = OverlayState(sensor)
    state.update(nothing)
    compose(nothing, state)
