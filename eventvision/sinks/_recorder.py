"""A recorder: packets go to a file while they are processed, and survive what may happen to us.

    write ──▶ (ring of the last seconds, until triggered) ──▶ bounded queue ──thread──▶ file

The thread writes what has come ten times a second, from when on it outlives the death of this
process, and has it put on the disk once a second, from where it outlives a
power cut. A file that is not finished is readable up to its end all the same.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from eventvision.core import (
    GAP_SOURCE,
    ConfigError,
    EventWriter,
    OutputError,
    Packet,
    SensorSize,
    output_errors,
)

from ._recorder_queue import PacketQueue, Policy, joined
from ._recorder_ring import PacketRing
from ._recorder_sync import DiskSync

CHUNK_S = 0.1
CHUNK_BYTES = 1 << 20
MOST_WAITING_BYTES = 1 << 27
MOST_RING_BYTES = 1 << 29
RAW_GAP_INPUT = 15
"""RAW numbers its trigger inputs from 0 to 15; the last one stands for `GAP_SOURCE` there."""


@dataclass(frozen=True, slots=True)
class RecorderReport:
    """What a recorder has done.

    Attributes:
        events: Events in the file.
        bytes: Size of the file.
        gaps: Places in the file before which something is missing, of all causes.
        dropped: Events that were not recorded, by cause.
    """

    events: int
    bytes: int
    gaps: int
    dropped: dict[str, int]


class Recorder:
    """Records packets to an AEDAT4 or RAW file.

    Gaps, whether they come with the packets or arise here, are marked in the file by a trigger:
    of source `GAP_SOURCE` in AEDAT4 (a time stamp reset there), of input 15 in RAW.

    When the disk is full or fails, recording stops, the file stays readable up to there, and the
    next `write` or `close` says so, once.

    Args:
        path: File ending in `.aedat4` or `.raw`.
        sensor: Size of the pixel array.
        camera: Name of the camera, stored in the file.
        pre_roll_us: Above 0, nothing is recorded until `trigger` is called; then the recording
            begins so much earlier.
        flush_every_us: How often the disk is made to hold what was recorded.
        policy: What `write` does when the disk is too slow: `block` waits; `drop` leaves packets
            out and counts their events.
        overwrite: Whether an existing file may be replaced.

    Raises:
        ConfigError: If the file name ends otherwise.
        OutputError: If the file exists or cannot be written.
        ValueError: If `pre_roll_us` is negative or `flush_every_us` not positive.
    """

    carries: ClassVar[frozenset[str]] = frozenset({"frames", "imu", "triggers"})

    def __init__(
        self,
        path: str | Path,
        sensor: SensorSize,
        *,
        camera: str = "",
        pre_roll_us: int = 0,
        flush_every_us: int = 1_000_000,
        policy: Policy = "drop",
        overwrite: bool = False,
    ) -> None:
        if pre_roll_us < 0:
            raise ValueError(f"pre_roll_us must not be negative, got {pre_roll_us}")
        if flush_every_us < 1:
            raise ValueError(f"flush_every_us must be positive, got {flush_every_us}")
        self._path = Path(path)
        self._flush_every_s = flush_every_us / 1e6
        self._ring = PacketRing(pre_roll_us, MOST_RING_BYTES) if pre_roll_us else None
        self._queue = PacketQueue(MOST_WAITING_BYTES, policy)
        self._writer = _opened(self._path, sensor, camera, overwrite=overwrite)
        self._gap_source = RAW_GAP_INPUT if self._path.suffix.lower() == ".raw" else GAP_SOURCE
        self._events = self._gaps = self._bytes = self._unwritten = self._forgotten = 0
        self._note_size()
        self._failure: Exception | None = None
        self._failure_told = False
        self._state, self._intake = threading.Lock(), threading.Lock()
        self._thread = threading.Thread(target=self._run, name="eventvision-recorder", daemon=True)
        self._thread.start()

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    @property
    def is_recording(self) -> bool:
        """Whether packets go to the file: not before the trigger, not after a failure."""
        return self._ring is None and self._failure is None

    @property
    def report(self) -> RecorderReport:
        """What was done so far; complete after `close`."""
        with self._state:
            dropped = {
                "disk too slow": self._queue.dropped,
                "recording stopped": self._unwritten,
                "no memory for all of the pre-roll": self._forgotten,
            }
            return RecorderReport(self._events, self._bytes, self._gaps, dropped)

    def write(self, packet: Packet) -> None:
        """Take a packet; never waits for the disk unless asked to by `policy`.

        Raises:
            OutputError: If recording has stopped since the last call.
        """
        with self._intake:
            if self._ring is not None:
                self._ring.put(packet)
            else:
                self._queue.put(packet)
        self._tell_failure()

    def trigger(self) -> None:
        """Begin to record, with what the pre-roll holds; does nothing while recording."""
        with self._intake:
            ring, self._ring = self._ring, None
            if ring is not None:
                self._forgotten = ring.forgotten
                for packet in ring.take():
                    self._queue.put(packet, always=True)

    def close(self) -> None:
        """Finish the file; may be called twice.

        Raises:
            OutputError: If recording has stopped since the last call.
        """
        self._queue.close()
        self._thread.join()
        self._tell_failure()

    def discard(self) -> None:
        """End the recording and remove its file."""
        self._queue.close()
        self._thread.join()
        self._path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _tell_failure(self) -> None:
        if self._failure is not None and not self._failure_told:
            self._failure_told = True
            raise self._failure

    def _run(self) -> None:
        try:
            with DiskSync(self._path, self._flush_every_s) as sync:
                while (packets := self._queue.take(CHUNK_S, CHUNK_BYTES)) is not None:
                    if packets:
                        self._store(packets)
                    sync.check()
                self._writer.close()
        except Exception as error:  # whoever writes or closes next is told
            self._stop(error)
        self._note_size()

    def _store(self, packets: list[Packet]) -> None:
        packet = joined(packets)
        marks = packet.triggers["source"] == GAP_SOURCE
        if marks.any() and self._gap_source != GAP_SOURCE:
            packet = replace(packet, triggers=_renamed(packet.triggers, marks, self._gap_source))
        try:
            self._writer.write(packet)
        except Exception:
            with self._state:
                self._unwritten += len(packet)
            raise
        with self._state:
            self._events += len(packet)
            self._gaps += int(marks.sum())
        self._note_size()

    def _stop(self, error: Exception) -> None:
        """Close the file, which ends with what was stored whole, and count all that follows."""
        with suppress(Exception):
            self._writer.close()
        self._failure = error
        if isinstance(error, OutputError):
            problem = f"{error.problem}; recording stopped after {self._events} events"
            remedy = f"{error.remedy}; the file is readable"
            self._failure = OutputError(self._path, problem, remedy)
        while (packets := self._queue.take(CHUNK_S, CHUNK_BYTES)) is not None:
            with self._state:
                self._unwritten += sum(len(packet) for packet in packets)

    def _note_size(self) -> None:
        with suppress(OSError):
            self._bytes = self._path.stat().st_size


def _opened(path: Path, sensor: SensorSize, camera: str, *, overwrite: bool) -> EventWriter:
    import eventvision.io as formats

    writers = {".aedat4": "Aedat4Writer", ".raw": "EvtWriter"}
    if path.suffix.lower() not in writers:
        raise ConfigError("recording", str(path), "a file name that ends in .aedat4 or .raw")
    if path.exists() and not overwrite:
        raise OutputError(path, "exists already", "name another file, or replace it with --force")
    with output_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    opened: EventWriter = getattr(formats, writers[path.suffix.lower()])(
        path, sensor, camera=camera
    )
    return opened


def _renamed(triggers: NDArray[np.void], which: NDArray[np.bool_], source: int) -> NDArray[Any]:
    renamed = triggers.copy()
    renamed["source"][which] = source
    return renamed
