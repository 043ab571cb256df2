"""One run of the pipeline, in a thread of its own, from opening the source to closing it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress

from eventvision.core import DeviceError, EventVisionError, ModelError, Sink, Source
from eventvision.io import open_source
from eventvision.pipeline import Pipeline, RunConfig, Summary, build_pipeline

from .faults import Faults
from .renewed_source import RenewedSource
from .sink_thread import SinkThread
from .tolerant import KeptOpen, TolerantSink
from .turns import Restartable

_LOG = logging.getLogger("eventvision.daemon")


class Run:
    """Opens the source, runs, and keeps what came of it.

    Args:
        config: What to do.
        sinks: Where results go; closed when the run ends.
        faults: Is told of tasks that have to be left out.
        on_begin: Called with the pipeline and the source once both are there, before they run.

    Attributes:
        pipeline: None until it is there.
        is_live: Whether the source is live; known with the pipeline.
        summary: What was done; None until the run has ended well.
        failure: Why it ended otherwise; None if it did not.
    """

    def __init__(
        self,
        config: RunConfig,
        sinks: list[Sink],
        faults: Faults,
        on_begin: Callable[[Pipeline, Source], None],
    ) -> None:
        self._config, self._sinks = config, sinks
        self._faults, self._on_begin = faults, on_begin
        self._stop = threading.Event()
        self._source: Source | None = None
        self.pipeline: Pipeline | None = None
        self.is_live = False
        self.summary: Summary | None = None
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="eventvision-run", daemon=True)

    @property
    def has_ended(self) -> bool:
        """Whether it is over, one way or the other."""
        return not self._thread.is_alive()

    @property
    def has_begun(self) -> bool:
        """Whether the source is open and all parts are there."""
        return self.pipeline is not None

    @property
    def stages(self) -> list[Restartable]:
        """Those that can be started anew while all others go on."""
        source = [self._source] if isinstance(self._source, RenewedSource) else []
        return [*(sink for sink in self._sinks if isinstance(sink, SinkThread)), *source]

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Let it end soon; what was read so far is finished."""
        self._stop.set()
        if self.pipeline is not None:
            self.pipeline.stop()

    def join(self, timeout_s: float) -> bool:
        """Wait for the end; return whether it came in time."""
        self._thread.join(timeout_s)
        return self.has_ended

    def abandon(self) -> None:
        """Leave a run that does not end to itself: take its camera away, and end its outputs."""
        if self._source is not None:
            with suppress(Exception):
                self._source.close()
        for sink in self._sinks:
            if isinstance(sink, SinkThread | TolerantSink | KeptOpen):  # these never wait for long
                sink.close()

    def _work(self) -> None:
        try:
            self._run()
        except BaseException as failure:  # kept for the supervisor, who decides
            self.failure = failure

    def _run(self) -> None:
        opened = self._open()
        self._source = opened
        if opened.is_live:
            self._source = RenewedSource(opened, self._open, _LOG.warning)
        with self._source as source:
            if self._stop.is_set():
                return
            pipeline = self._built(source)
            self.is_live, self.pipeline = source.is_live, pipeline
            if self._stop.is_set():
                pipeline.stop()
            else:
                self._on_begin(pipeline, source)
            self.summary = pipeline.run()

    def _open(self) -> Source:
        config = self._config
        return open_source(
            config.source,
            sensor=config.sensor,
            read=config.read,
            settings=config.settings,
            strict=config.strict,
        )

    def _built(self, source: Source) -> Pipeline:
        """Return the pipeline; without the tasks that cannot be done, if there are such."""
        config = self._config
        try:
            return build_pipeline(config, source, on_notice=_LOG.warning, sinks=self._sinks)
        except (ModelError, DeviceError) as error:
            _LOG.warning("%s; each task is tried by itself", error)
        rest = config.model_copy(update={"tasks": ()})
        pipeline = build_pipeline(rest, source, on_notice=_LOG.warning, sinks=self._sinks)
        for task in config.tasks:
            try:
                pipeline.steer.set_task(task, on=True)
            except EventVisionError as error:
                self._faults.began(f"task {task}", f"{error}; everything else goes on")
        return pipeline
