"""Recordings around alarms: begun before, ended after, in pieces, with old ones making room.

The sink only notes what it sees; a thread of its own opens and closes files, so that no slice
waits for the disk.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from eventvision.core import Alarm, EventVisionError, OutputError, SliceResult
from eventvision.pipeline import Pipeline
from eventvision.sinks import Retention, fresh_path

from .faults import Faults
from .settings import Keep, RecorderSettings

_LOG = logging.getLogger("eventvision.daemon.recorder")
_LOOK_S = 0.1
_RETRY_S = 5.0
_SILENT_US = 2_000_000
"""An alarm is over when there was no slice for so long, since nothing moves any more."""

_FAULT = "recording"


def retention_of(keep: Keep, folder: Path, suffixes: tuple[str, ...]) -> Retention:
    """Return the rules by which files of a folder go."""
    return Retention(
        folder=folder,
        suffixes=suffixes,
        most_age_s=None if keep.days is None else keep.days * 86_400,
        most_bytes=None if keep.gigabytes is None else round(keep.gigabytes * 1e9),
        least_free_bytes=round(keep.free_gigabytes * 1e9),
    )


class RecordingKeeper:
    """A sink that sees alarms, and has what is around them recorded.

    Args:
        settings: When, where, how long.
        faults: Is told when recording is not possible.
        on_change: Hears that a recording began or ended.
    """

    def __init__(
        self,
        settings: RecorderSettings,
        faults: Faults,
        on_change: Callable[[bool], None] | None = None,
    ) -> None:
        self._settings, self._faults = settings, faults
        self._on_change = on_change or (lambda _: None)
        self._pipeline: Pipeline | None = None
        self._is_live = True
        self._now_us = self._until_us = 0
        self._alarmed = self._by_hand = self._is_recording = False
        self._not_before_s = 0.0
        self._wake, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="eventvision-keeper", daemon=True)

    def begin(self, pipeline: Pipeline, *, is_live: bool) -> None:
        """Serve a pipeline, from before it runs until it closes its sinks."""
        self._pipeline, self._is_live = pipeline, is_live
        self._thread.start()

    def use(self, settings: RecorderSettings) -> None:
        """Go by other settings from now on."""
        self._settings = settings

    def switch(self, on: bool) -> None:
        """Record by hand, or leave it to alarms again; from any thread."""
        self._by_hand = on
        self._wake.set()

    def write(self, result: SliceResult) -> None:
        """See whether there is an alarm."""
        now_us = time.monotonic_ns() // 1000 if self._is_live else result.slice.t1_us
        self._now_us = now_us
        alarmed = any(
            isinstance(found, Alarm) and len(found.objects) for found in result.results.values()
        )
        if alarmed:
            self._until_us = now_us + round(self._settings.post_roll_s * 1e6)
        if alarmed and not self._alarmed:
            self._wake.set()
        self._alarmed = alarmed

    def leave(self) -> None:
        """End the recording soon, without waiting for a run that may be stuck."""
        self._stop.set()
        self._wake.set()

    def close(self) -> None:
        """End the recording and wait until it is on the disk; may be called twice."""
        self.leave()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def is_wanted(self) -> bool:
        """Whether there is a reason to record now."""
        if self._by_hand or self._settings.when == "always":
            return True
        if self._settings.when != "alarm":
            return False
        now_us = time.monotonic_ns() // 1000 if self._is_live else self._now_us
        goes_on = self._alarmed and now_us - self._now_us < _SILENT_US
        return goes_on or now_us < self._until_us

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._follow()
            except EventVisionError as error:
                self._faults.began(_FAULT, f"{error}; tried again every {_RETRY_S:g} s")
                self._not_before_s = time.monotonic() + _RETRY_S
                self._note(on=False)
            self._wake.wait(_LOOK_S)
            self._wake.clear()
        try:
            self._end()
        except EventVisionError as error:
            self._faults.happened(_FAULT, str(error))

    def _follow(self) -> None:
        """Begin, go on in another file, or end, as is wanted."""
        pipeline = self._pipeline
        if pipeline is None:
            return
        status = pipeline.status()
        if not status.running:
            return
        recorder = status.recorder
        if recorder is None and self._is_recording:
            self._faults.began(_FAULT, "a recording ended early; tried again soon")
            self._not_before_s = time.monotonic() + _RETRY_S
            self._note(on=False)
        if not self.is_wanted:
            if recorder is not None:
                self._end()
        elif recorder is None:
            if time.monotonic() >= self._not_before_s:
                self._begin(pipeline)
        elif recorder.seconds >= self._settings.longest_s:
            report = pipeline.steer.next_recording(self._path())
            _LOG.info("recording goes on in a new file; %s events before", report and report.events)

    def _begin(self, pipeline: Pipeline) -> None:
        path = self._path()
        pipeline.steer.start_recording(path, round(self._settings.pre_roll_s * 1e6))
        self._faults.passed(_FAULT, "recording is possible again")
        _LOG.info("recording to %s", path)
        self._note(on=True)

    def _end(self) -> None:
        if self._pipeline is None:
            return
        self._note(on=False)
        report = self._pipeline.steer.stop_recording()
        if report is not None:
            _LOG.info("recorded %s events, %s bytes", report.events, report.bytes)

    def _path(self) -> Path:
        """Return where to record, once there is room.

        Raises:
            OutputError: If there is none even without the oldest recordings.
        """
        settings, suffix = self._settings, f".{self._settings.format}"
        path = fresh_path(settings.folder, suffix)
        retention = retention_of(settings.keep, settings.folder, (suffix,))
        if retention.lacks_room():
            retention.sweep(by_age=False)
        if retention.lacks_room():
            raise OutputError(settings.folder, "the disk is full", "free some space")
        return path

    def _note(self, *, on: bool) -> None:
        if on != self._is_recording:
            self._is_recording = on
            self._on_change(on)
