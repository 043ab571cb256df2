"""Results as an annotated video that plays in a browser."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Literal

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


class VideoSink:
    """Writes one frame per slice: H.264 in MP4, at a constant frame rate.

    The panels are settled by the first slice. Frames go to `PATH.part`, which `close` renames to
    `PATH`; a run without any slice writes no video.

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

    def write(self, result: SliceResult) -> None:
        """Append the frame of one slice.

        Raises:
            OutputError: If it cannot be stored; a video without its end is of no use, and removed.
            ValueError: If the sink is closed, or the slice is of another sensor.
        """
        if not self._is_open:
            raise ValueError(f"{self._path} is closed")
        if self._state is None:
            self._state = OverlayState(self._sensor, panels_for(result))
        self._state.update(result)
        self._picture = compose(result, self._state, self._picture)
        try:
            with output_errors(self._path):
                self._open_file(self._state).write(self._picture)
        except OutputError:
            self.discard()
            raise

    def close(self) -> None:
        """Complete the video and give it its final name; may be called twice.

        Raises:
            OutputError: If that fails; nothing is left behind then.
        """
        if not self._is_open:
            return
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
        if self._file is not None:
            self._file.abandon()
        self._part.discard()

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
