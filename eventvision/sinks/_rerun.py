"""Results to a Rerun viewer: on another machine, or into a file that a viewer opens later.

A thread of its own talks to the viewer. It is handed the latest result only, and logs nothing while
there is no viewer at the other end, so that neither slices nor memory wait for one.

    picture/events, picture/detections, …   the events of the slice, boxes and lines over them
    image, segmentation, depth              pictures
    counts/NAME/forward, counts/NAME/back   curves
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from eventvision.core import (
    Alarm,
    ConfigError,
    Counts,
    Depth,
    Detections,
    Image,
    OutputError,
    Segmentation,
    SliceResult,
    Tracks,
)

_LOOK_EVERY_S = 2.0
_CONNECT_S = 1.0
_PARTING_S = 2.0
_SCHEME = "rerun+http"


class RerunSink:
    """Shows results in a Rerun viewer.

    Args:
        target: `rerun+http://HOST:PORT/proxy` for a viewer that runs there, or a new file that ends
            in `.rrd`.
        most_per_s: Slices between are left out.
        on_notice: Hears when the viewer comes and goes.

    Attributes:
        shown: Slices that were logged.

    Raises:
        ConfigError: If Rerun is not installed, or the target is neither.
        OutputError: If the file exists or cannot be written.
    """

    def __init__(
        self,
        target: str,
        *,
        most_per_s: float = 10.0,
        on_notice: Callable[[str], None] | None = None,
    ) -> None:
        self._rerun = _library(target)
        self._target, self._place = target, _place(target)
        self._every_s = 1.0 / most_per_s
        self._on_notice = on_notice or (lambda _: None)
        self.shown = 0
        self._latest: SliceResult | None = None
        self._due_s = self._look_at_s = 0.0
        self._stream: Any = None
        self._wake, self._stop = threading.Event(), threading.Event()
        if self._place is None:
            self._stream = self._file_stream(Path(target))
        self._thread = threading.Thread(target=self._run, name="eventvision-rerun", daemon=True)
        self._thread.start()

    @property
    def is_connected(self) -> bool:
        """Whether somebody takes what is logged."""
        return self._stream is not None

    def write(self, result: SliceResult) -> None:
        """Hand over the result of a slice, if one is due; never waits for the viewer."""
        now_s = time.monotonic()
        if self._place is not None and (self._stream is None or now_s < self._due_s):
            return
        self._due_s = max(self._due_s + self._every_s, now_s)
        if self._place is None:
            self._log(result)
        else:
            self._latest = result
            self._wake.set()

    def close(self) -> None:
        """End the stream; may be called twice."""
        self._stop.set()
        self._wake.set()
        self._thread.join(_PARTING_S)
        stream, self._stream = self._stream, None
        if stream is not None:
            with suppress(RuntimeError):  # the viewer may be gone
                stream.flush(timeout_sec=_PARTING_S)
            stream.disconnect()

    def _run(self) -> None:
        while self._place is not None and not self._stop.is_set():
            if time.monotonic() >= self._look_at_s:
                self._look_at_s = time.monotonic() + _LOOK_EVERY_S
                self._look_for(*self._place)
            self._wake.wait(_LOOK_EVERY_S)
            self._wake.clear()
            result, self._latest = self._latest, None
            if result is not None and self._stream is not None:
                try:
                    self._log(result)
                except Exception as error:  # a result that cannot be shown must not end the rest
                    self._on_notice(f"rerun: {type(error).__name__}: {error}")

    def _look_for(self, host: str, port: int) -> None:
        """Connect to a viewer that has come, and let go of one that has gone."""
        try:
            socket.create_connection((host, port), timeout=_CONNECT_S).close()
        except OSError:
            stream, self._stream = self._stream, None
            if stream is not None:
                stream.disconnect()
                self._on_notice(f"rerun: the viewer at {host}:{port} is gone; looking for it")
            return
        if self._stream is None:
            stream = self._rerun.RecordingStream("eventvision")
            stream.connect_grpc(self._target)
            self._stream = stream
            self._on_notice(f"rerun: shown at {host}:{port}")

    def _file_stream(self, path: Path) -> Any:
        if path.exists():
            raise OutputError(path, "exists", "choose another name, or remove it")
        stream = self._rerun.RecordingStream("eventvision")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            stream.save(path)
        except (OSError, RuntimeError) as error:
            raise OutputError(path, f"cannot be written ({error})", "choose another") from error
        return stream

    def _log(self, result: SliceResult) -> None:
        stream = self._stream
        stream.set_time("stream", duration=result.slice.t1_us / 1e6)
        stream.log("picture/events", self._rerun.Image(_events(result)))
        for place, what in self._shown(result):
            stream.log(place, what)
        self.shown += 1

    def _shown(self, result: SliceResult) -> Iterator[tuple[str, Any]]:
        rerun = self._rerun
        for found in result.results.values():
            if isinstance(found, Image):
                yield "image", rerun.Image((found.pixels * 255).astype(np.uint8))
            elif isinstance(found, Segmentation):
                yield "segmentation", rerun.SegmentationImage(found.mask)
            elif isinstance(found, Depth):
                yield "depth", rerun.DepthImage(found.depth, meter=1.0)
            elif isinstance(found, Tracks):
                labels = [f"{number}" for number in found.ids.tolist()]
                yield "picture/tracks", self._boxes(found.boxes, labels)
            elif isinstance(found, Detections):
                names = [found.class_names[index] for index in found.classes.tolist()]
                yield "picture/detections", self._boxes(found.boxes, names)
            elif isinstance(found, Alarm):
                yield "picture/alarm", self._boxes(found.objects.boxes, None)
            elif isinstance(found, Counts):
                yield from self._counts(found)

    def _boxes(self, boxes: NDArray[np.float32], labels: list[str] | None) -> Any:
        return self._rerun.Boxes2D(mins=boxes[:, :2], sizes=boxes[:, 2:], labels=labels)

    def _counts(self, found: Counts) -> Iterator[tuple[str, Any]]:
        rerun = self._rerun
        yield "picture/lines", rerun.LineStrips2D([[one.start, one.end] for one in found.lines])
        zones = [[*zone.corners, zone.corners[0]] for zone in found.zones]
        labels = [f"{zone.name}: {zone.inside}" for zone in found.zones]
        yield "picture/zones", rerun.LineStrips2D(zones, labels=labels)
        for line in found.lines:
            yield f"counts/{line.name}/forward", rerun.Scalars(line.forward)
            yield f"counts/{line.name}/back", rerun.Scalars(line.backward)


def _events(result: SliceResult) -> NDArray[np.uint8]:
    """Return the events of a slice as a grey picture: light for ON, dark for OFF."""
    events = result.slice.events
    picture = np.full(events.sensor.shape, 128, np.uint8)
    picture[events.y, events.x] = np.where(events.on, 255, 0)
    return picture


def _library(target: str) -> Any:
    try:
        import rerun
    except ImportError:
        expected = "none, or Rerun installed: pip install 'eventvision[rerun]'"
        raise ConfigError("rerun", target, expected) from None
    return rerun


def _place(target: str) -> tuple[str, int] | None:
    """Return host and port of a viewer; None for a file."""
    if target.endswith(".rrd"):
        return None
    parts = urlsplit(target)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if parts.scheme != _SCHEME or not host or port is None or parts.path != "/proxy":
        raise ConfigError("rerun", target, f"{_SCHEME}://HOST:PORT/proxy, or a file FILE.rrd")
    return host, port
