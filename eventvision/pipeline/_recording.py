"""What records a run: from its beginning, or from when somebody asks for it, or nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from eventvision.core import EventVisionError, OutputError, Packet
from eventvision.sinks import PacketRing, Recorder, RecorderReport

Tell = Callable[[str], None]

MOST_KEPT_BYTES = 1 << 27


@dataclass(frozen=True, slots=True)
class RecorderStatus:
    """What is being recorded.

    Attributes:
        path: Where.
        seconds: From the first event in the file to the last.
        events: How many it holds.
        bytes: Its size.
        dropped: Events that were not recorded, by cause.
    """

    path: str
    seconds: float
    events: int
    bytes: int
    dropped: dict[str, int]


class Recording:
    """Hands packets to the recorder of the moment, if there is one, and keeps the latest others.

    Args:
        recorder: Records from the beginning; its failure is the run's.
        keep_us: How much of the past a later recording can begin with.
        tell: Hears why a recording that was begun meanwhile had to end.
    """

    def __init__(self, recorder: Recorder | None, keep_us: int, tell: Tell | None) -> None:
        self._recorder, self._is_vital = recorder, recorder is not None
        self._ring = PacketRing(keep_us, MOST_KEPT_BYTES) if keep_us else None
        self._tell = tell
        self._began_us: int | None = None
        self._until_us = 0
        self._lost: dict[str, int] = {}
        self._turn = threading.RLock()

    def write(self, packet: Packet) -> None:
        """Take a packet.

        Raises:
            OutputError: If the recording that the run began with had to end.
        """
        with self._turn:
            if self._recorder is not None:
                self._record(packet)
            if self._ring is not None:
                self._ring.put(packet)

    def start(self, recorder: Recorder, pre_roll_us: int) -> None:
        """Record from here on, and what is kept of the time before.

        Raises:
            OutputError: If something is being recorded already.
        """
        with self._turn:
            if self._recorder is not None:
                problem = "another recording is being made"
                raise OutputError(recorder.path, problem, "stop that one first")
            self._recorder, self._is_vital, self._began_us = recorder, False, None
            if self._ring is not None and pre_roll_us:
                for packet in self._ring.take(pre_roll_us):
                    self._record(packet)

    def go_on_in(self, recorder: Recorder) -> RecorderReport | None:
        """Record to another file from here on, without a gap; return what the one before holds.

        Raises:
            OutputError: If the end of the one before could not be written.
        """
        with self._turn:
            before, self._recorder = self._recorder, recorder
            self._began_us, self._is_vital = None, False
        return None if before is None else self._ended(before)

    def stop(self) -> RecorderReport | None:
        """End the recording and return what it holds; None if there is none.

        Raises:
            OutputError: If its end could not be written.
        """
        with self._turn:
            recorder, self._recorder = self._recorder, None
        return None if recorder is None else self._ended(recorder)

    @property
    def status(self) -> RecorderStatus | None:
        """What is being recorded now."""
        recorder, began_us = self._recorder, self._began_us
        if recorder is None:
            return None
        report = recorder.report
        seconds = 0.0 if began_us is None else (self._until_us - began_us) / 1e6
        return RecorderStatus(
            str(recorder.path), seconds, report.events, report.bytes, report.dropped
        )

    @property
    def dropped(self) -> dict[str, int]:
        """Events that no recording holds though one was being made, by cause, of all of them."""
        recorder = self._recorder
        if recorder is None:
            return dict(self._lost)
        report = recorder.report.dropped
        return {cause: self._lost.get(cause, 0) + n for cause, n in report.items()}

    def _ended(self, recorder: Recorder) -> RecorderReport:
        try:
            recorder.close()
        finally:
            self._count(recorder.report)
        return recorder.report

    def _record(self, packet: Packet) -> None:
        recorder = self._recorder
        if recorder is None:
            return
        if len(packet):
            first_us = int(packet.events.t[0])
            self._began_us = first_us if self._began_us is None else self._began_us
            self._until_us = int(packet.events.t[-1])
        try:
            recorder.write(packet)
        except EventVisionError as error:
            if self._is_vital:
                raise
            self._recorder = None
            with suppress(EventVisionError):  # told already
                recorder.close()
            self._count(recorder.report)
            if self._tell is not None:
                self._tell(str(error))

    def _count(self, report: RecorderReport) -> None:
        for cause, events in report.dropped.items():
            self._lost[cause] = self._lost.get(cause, 0) + events
