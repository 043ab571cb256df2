"""Three threads: source, process (filter and slice), infer (represent, perceive, write).

    source ──packets──▶ process ──slices──▶ infer
            (waits)              (waits, or drops the oldest when live)

Rendering belongs to the last thread: a slice that a live run has to drop costs no rendering.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from eventvision.core import Filter, Packet, Representation, Sink, Slice, Slicer, Source, Task
from eventvision.sinks import Recorder

from ._cutter import Cutter
from ._feed import PACKETS_WAITING, Feed
from ._gate import Gate
from ._governor import Governor
from ._handover import HandOver, Policy
from ._latency import Latencies
from ._networks import Networks
from ._pacing import Pacer
from ._parts import Parts
from ._perceiver import Perceiver
from ._recording import Recording
from ._report import Report
from ._stage import Stage
from ._status import Status
from ._steer import Steering
from ._summary import Summary
from ._task_runner import TaskRunner
from ._warmup import warm_up

_Queue = HandOver[Packet] | HandOver[Slice]

SLICES_WAITING = 8


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come: `share` is 0 to 1, or None where there is no end."""

    share: float | None
    events: int
    slices: int


class Pipeline:
    """One source, through filters, a slicer, a representation and tasks, into sinks.

    The same file with the same parts gives the same results bit for bit, whatever the speed, as
    long as nobody steers.

    Args:
        source: Where events come from. The caller closes it.
        slicer: Cuts the stream.
        filters: Applied to every packet, in this order.
        representation: Rendered for every slice, if given.
        tasks: Run on every slice, in this order; each finds the results of those before it.
        networks: Behind learned tasks; closed when the run ends, however it ends.
        sinks: Take every result; closed when the run ends, however it ends.
        recorder: Takes every packet before it is filtered; closed likewise.
        speed: Recording seconds per wall second; None plays as fast as it goes.
        start_s: Where to begin, in seconds after the first event.
        end_s: Where to end, likewise; None plays to the end.
        policy: What happens when slices come faster than they are looked at: `block` or
            `latest`; None blocks for files and keeps the latest for live sources. With `latest`,
            tasks run on fewer slices before any has to be dropped, see `_governor`.
        keep_us: How much of the past is kept for recordings that begin meanwhile.
        parts: Builds what `steer` is asked for by its text; None if texts are not understood.
        on_progress: Called from the caller's thread after every slice.
        on_notice: Hears of tasks that run less often under load, and of recordings that end.

    Attributes:
        steer: Changes the run while it runs, from any thread.
    """

    def __init__(
        self,
        *,
        source: Source,
        slicer: Slicer,
        filters: Sequence[Filter] = (),
        representation: Representation | None = None,
        tasks: Sequence[Task] = (),
        networks: Networks | None = None,
        sinks: Sequence[Sink] = (),
        recorder: Recorder | None = None,
        speed: float | None = None,
        start_s: float = 0.0,
        end_s: float | None = None,
        policy: Policy | None = None,
        keep_us: int = 0,
        parts: Parts | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        on_notice: Callable[[str], None] | None = None,
    ) -> None:
        self._source, self._networks, self._sinks = source, networks, list(sinks)
        self._on_progress = on_progress
        self._policy: Policy = policy or ("latest" if source.is_live else "block")
        self._stop, self._gate = threading.Event(), Gate()
        self._rehearse: Callable[[], None] = partial(
            warm_up, source.info.sensor, filters, slicer, representation, tasks
        )
        latencies = Latencies()
        names = [task.name for task in tasks]
        governor = Governor(names, on_notice) if self._policy == "latest" else None
        self._recording = Recording(recorder, keep_us, on_notice)
        pacer = Pacer(speed, self._stop, pace=lambda: self._gate.pace)
        self._feed = Feed(
            source, pacer, self._recording, start_s=start_s, end_s=end_s, stop=self._stop
        )
        self._cutter = Cutter(filters, slicer, latencies)
        runner = TaskRunner(tasks, latencies, governor)
        self._perceiver = Perceiver(
            representation, runner, self._sinks, governor, self._gate, latencies
        )
        self._packets: HandOver[Packet] = HandOver(PACKETS_WAITING)
        self._slices: HandOver[Slice] = HandOver(SLICES_WAITING, self._policy)
        self.steer = Steering(
            cutter=self._cutter,
            runner=runner,
            gate=self._gate,
            pacer=pacer,
            recording=self._recording,
            open_recorder=lambda path: open_recorder(path, source),
            parts=parts,
        )
        self._report = Report(
            feed=self._feed,
            cutter=self._cutter,
            perceiver=self._perceiver,
            runner=runner,
            slices=self._slices,
            latencies=latencies,
            networks=networks,
            governor=governor,
            gate=self._gate,
        )

    def run(self) -> Summary:
        """Run to the end of the source, or until `stop`; a pipeline runs once.

        Returns:
            What was done. Ctrl-C ends the run early and is told there, not raised.

        Raises:
            EventVisionError: Whatever source, filters, tasks or sinks raise; all threads have
                ended and all sinks are closed by then.
        """
        stages = (
            Stage("source", lambda: self._feed.run(self._packets), self._packets),
            Stage("process", lambda: self._cutter.run(self._packets, self._slices), self._slices),
        )
        interrupted = False
        with ExitStack() as cleanup:
            if self._networks is not None:
                cleanup.callback(self._networks.close)
            self._rehearse()
            self._feed.began_ns = time.monotonic_ns()
            for sink in self._sinks:
                cleanup.callback(sink.close)
            cleanup.callback(self._recording.stop)
            cleanup.callback(self._join, stages, (self._slices, self._packets))
            self._report.running = True
            cleanup.callback(self._report.end)
            for stage in stages:
                stage.start()
            try:
                self._perceiver.run(self._slices, self._tell_progress)
            except KeyboardInterrupt:
                interrupted = True
            networks = self._report.networks()
        for stage in stages:
            stage.raise_failure()
        return self._report.summary(networks, interrupted=interrupted)

    def status(self) -> Status:
        """Return what the run is doing right now; cheap, from any thread, at any time."""
        return self._report.status()

    def busy_s(self) -> dict[str, float]:
        """Return for how long each stage has been at the same packet or slice, from any thread.

        Waiting for the stage before or after is not counted; what is large is stuck.
        """
        return {
            "source": self._feed.work.busy_s,
            "process": self._cutter.work.busy_s,
            "infer": self._perceiver.work.busy_s,
        }

    def stop(self) -> None:
        """End the run soon, from any thread; what was read so far is finished."""
        self._stop.set()
        self._gate.open_for_good()

    def _join(self, stages: Iterable[Stage], queues: Iterable[_Queue]) -> None:
        self.stop()
        for queue in queues:
            queue.abort()
        for stage in stages:
            stage.join()

    def _tell_progress(self) -> None:
        if self._on_progress is not None:
            events, slices = self._feed.events.total, self._perceiver.slices
            self._on_progress(Progress(self._source.progress, events, slices))


def open_recorder(path: Path, source: Source) -> Recorder:
    """Return a recorder for what a source says.

    Raises:
        ConfigError: If the file name ends otherwise than recordings do.
        OutputError: If the file exists or cannot be written.
    """
    info = source.info
    return Recorder(
        path, info.sensor, camera=info.camera, policy="drop" if source.is_live else "block"
    )
