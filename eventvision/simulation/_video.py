"""A video file as a scene."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eventvision.core import FormatError, SensorSize, SourceNotFoundError

from ._images import check_gamma, check_rate
from ._light import covering, luminance, middle
from ._pictures import PictureScene


class VideoScene(PictureScene):
    """A video, its frames at the times that the file gives or at a rate of your own.

    Frames are scaled to cover the sensor, cut to its size around the middle, and turned into
    luminance. They are decoded one after the other, and anew from the beginning if an earlier one
    is asked for; memory does not depend on the length of the video.

    Args:
        path: A file that FFmpeg can decode.
        sensor: Size of the images that the camera sees.
        fps: Frames a second, for slow-motion video whose file gives the rate of playing; None for
            the times in the file.
        gamma: Light is a frame's value to this power; 1 for linear video, None for sRGB.

    Raises:
        SourceNotFoundError: If there is no such file.
        FormatError: If it is no video, or has no frames, or PyAV is missing.
        ValueError: If `fps` or `gamma` is not positive.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        sensor: SensorSize,
        fps: float | None = None,
        gamma: float | None = None,
    ) -> None:
        if fps is not None:
            check_rate(fps)
        check_gamma(gamma)
        self._path, self._gamma = Path(path), gamma
        self._stamps, times_us = _timetable(self._path, fps)
        self._shown: _Frame | None = None
        self._ahead: _Frame | None = None
        self._frames: Iterator[_Frame] = iter(())
        super().__init__(times_us.tolist(), self._decode, sensor)
        self._light(0)

    def _decode(self, number: int) -> NDArray[np.float32]:
        """Return the light of a frame; one that the decoder leaves out looks like that before."""
        stamp = self._stamps[number]
        if self._shown is None or self._shown.stamp > stamp:
            self._frames = _frames_of(self._path)
            self._shown = self._ahead = next(self._frames, None)
        while self._ahead is not None and self._ahead.stamp <= stamp:
            self._shown, self._ahead = self._ahead, next(self._frames, None)
        if self._shown is None:
            raise _no_video(self._path)
        return self._seen(self._shown.picture)

    def _seen(self, frame: Any) -> NDArray[np.float32]:
        width, height = covering(frame.width, frame.height, self.sensor)
        way = "AREA" if width < frame.width else "BILINEAR"
        scaled = frame.reformat(width, height, format="rgb24", interpolation=way).to_ndarray()
        return luminance(middle(scaled, self.sensor), self._gamma)


class _Frame(NamedTuple):
    """A decoded frame, and when to show it: in units of the file, or its number."""

    stamp: int
    picture: Any


def _timetable(path: Path, fps: float | None) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the stamps of all frames, and their times in microseconds from 0; decode nothing."""
    if not path.is_file():
        raise SourceNotFoundError(path, "there is no such video", "check the name")
    if find_spec("av") is None:
        raise FormatError(path, "PyAV is not installed", "pip install 'eventvision[video]'")
    import av

    try:
        with av.open(str(path)) as container:
            streams = container.streams.video
            if not streams or container.format.name == "tty":
                raise _no_video(path)
            stream = streams[0]
            stamps = [packet.pts for packet in container.demux(stream) if packet.size]
            tick_us = float(stream.time_base or 0) * 1e6
            rate = float(fps or stream.average_rate or stream.guessed_rate or 25)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise _no_video(path) from error
    if not stamps:
        raise _no_video(path)
    if None in stamps:
        shown = np.arange(len(stamps), dtype=np.int64)
        return shown, np.rint(shown * (1e6 / rate)).astype(np.int64)
    shown = np.sort(np.array(stamps, np.int64))
    ticks = (shown - shown[0]) * tick_us if fps is None else np.arange(shown.size) * (1e6 / fps)
    times_us = np.rint(ticks).astype(np.int64)
    if np.any(np.diff(times_us) <= 0):
        raise FormatError(path, "has several frames at one time", "give their rate (fps)")
    return shown, times_us


def _frames_of(path: Path) -> Iterator[_Frame]:
    """Decode the frames of a video in order of time."""
    import av

    number = -1
    try:
        with av.open(str(path)) as container:
            for number, frame in enumerate(container.decode(video=0)):
                yield _Frame(number if frame.pts is None else frame.pts, frame)
    except av.FFmpegError as error:
        if number < 0:
            raise _no_video(path) from error
        problem = f"cannot be decoded after frame {number + 1}"
        raise FormatError(path, problem, "use what comes before only, or repair it") from error


def _no_video(path: Path) -> FormatError:
    remedy = "use a file that FFmpeg plays, or a folder of images"
    return FormatError(path, "is no video that can be decoded", remedy)
