"""Keeps perception going: starts runs, watches them, starts them again, gives up in good order."""

from __future__ import annotations

import gc
import logging
import threading
import time
from pathlib import Path

from eventvision.core import ConfigError, EventVisionError, Sink, Source, SourceError
from eventvision.pipeline import Pipeline

from .changes import can_change_live, change_live
from .faults import Faults
from .housekeeping import Housekeeping
from .notify import Notifier
from .parts import DaemonState, memory_bytes
from .recording import RecordingKeeper
from .restarts import BackOff
from .run import Run
from .services import Services, file_sinks
from .settings import DaemonConfig, load_daemon_config
from .tolerant import KeptOpen
from .watchdog import Watchdog

_LOG = logging.getLogger("eventvision.daemon")

TICK_S = 0.2
SAY_EVERY_S = 2.0
DRAIN_S = 2.5
"""What is left of five seconds goes to the services."""

DONE, FAILED, MISTAKEN = 0, 1, 2
"""Exit codes: ended as wanted; gave up, to be started afresh; settings that cannot be used."""


class Supervisor:
    """Runs a configuration until it is told to stop, or cannot go on.

    Args:
        path: The file of settings, read again on `reload`.
        config: What it says now.
        notifier: Tells the service manager.

    Attributes:
        state: The daemon, as services see it.
    """

    def __init__(self, path: Path, config: DaemonConfig, notifier: Notifier | None = None) -> None:
        self._path, self._config = path, config
        self._notifier = notifier or Notifier()
        self._faults = Faults()
        self.state = DaemonState(config, self._faults)
        self._housekeeping = Housekeeping(config, self._faults)
        self._watchdog = Watchdog(config.watchdog, self._faults, self.state.restarted)
        self._source_wait = BackOff(config.watchdog.wait_s)
        self._wake = threading.Event()
        self._stop_wanted = self._reload_wanted = False
        self._services: Services | None = None
        self._keeper: RecordingKeeper | None = None
        self._run: Run | None = None
        self._start_at_s = self._say_at_s = 0.0
        self._fallback: DaemonConfig | None = None
        self._code: int | None = None

    def stop(self) -> None:
        """End in good order; from any thread, or a signal."""
        self._stop_wanted = True
        self._wake.set()

    def reload(self) -> None:
        """Read the settings again; from any thread, or a signal."""
        self._reload_wanted = True
        self._wake.set()

    def run(self) -> int:
        """Run until the end; return the exit code.

        Raises:
            EventVisionError: If services cannot be started as the settings say.
        """
        self._services = Services(self._config, self.state, self._faults)
        self._notifier.ready()
        try:
            while self._code is None:
                self._tick()
                self._wake.wait(TICK_S)
                self._wake.clear()
        finally:
            self._end()
        return self._code

    def _tick(self) -> None:
        self.state.beat()
        if self._stop_wanted:
            self._code = DONE
            return
        if self._reload_wanted:
            self._reload_wanted = False
            self._reload()
        if self._run is None:
            if time.monotonic() >= self._start_at_s:
                self._begin()
        elif self._run.has_ended:
            self._conclude(self._run)
        else:
            self._watch(self._run)
        self._housekeeping.tick(self._config)
        self._check_memory()
        self._notifier.alive()
        if time.monotonic() >= self._say_at_s:
            self._say_at_s = time.monotonic() + SAY_EVERY_S
            self._notifier.status(self._line())

    def _begin(self) -> None:
        config = self._config
        self.state.enter("starting")
        keeper = None
        if config.recorder is not None:
            keeper = RecordingKeeper(
                config.recorder, self._faults, lambda on: self.state.tell("", on)
            )
        latest = KeptOpen(self.state.latest)
        sinks: list[Sink] = [latest, *file_sinks(config.outputs, self._faults)]
        if self._services is not None:
            sinks += self._services.sinks()
        if keeper is not None:
            sinks.append(keeper)
        self._keeper = keeper

        def on_begin(pipeline: Pipeline, source: Source) -> None:
            if keeper is not None:
                keeper.begin(pipeline, is_live=source.is_live)
            self.state.attach(pipeline, config, None if keeper is None else keeper.switch)
            self.state.enter("running")
            self._source_wait.reset()
            self._faults.passed("source", f"{config.source}: is there")
            _LOG.info("%s: %s, %s", source.info.name, source.info.format, source.info.sensor)

        kept = config.model_copy(update={"pre_roll_s": config.kept_us / 1e6})
        self._run = Run(kept, sinks, self._faults, on_begin)
        self._run.start()

    def _conclude(self, run: Run) -> None:
        """Decide what follows a run that has ended by itself."""
        self._run = None
        self.state.detach()
        failure = run.failure
        if failure is None:
            if run.summary is not None and not run.is_live:
                _LOG.info("%s: done, %s events", self._config.source, run.summary.events)
                self._code = DONE
                return
            failure = SourceError(self._config.source, "has ended", "it is opened again")
        if self._fallback is not None and not run.has_begun:
            self._go_back(failure)
        elif isinstance(failure, SourceError):
            self._faults.began("source", f"{failure}; waiting for it")
            self.state.enter("waiting")
            self._start_at_s = time.monotonic() + self._source_wait.next_wait_s()
        elif isinstance(failure, ConfigError) and not run.has_begun:
            _LOG.error("%s", failure)
            self._code = MISTAKEN
        elif isinstance(failure, MemoryError):
            gc.collect()
            self._restart("memory", "out of memory", failure)
        else:
            self._restart("run", "the run failed", failure)

    def _restart(self, stage: str, what: str, failure: BaseException | None = None) -> None:
        """Start again after a while, unless that was tried too often."""
        known = isinstance(failure, EventVisionError) or failure is None
        text = what if failure is None else f"{what}: {type(failure).__name__}: {failure}"
        self._faults.happened(what, text)
        if not known:
            _LOG.debug("where it happened", exc_info=failure)
        wait_s = self._watchdog.next_wait_s(stage)
        if wait_s is None:
            self._code = FAILED
            return
        self.state.enter("restarting")
        self._start_at_s = time.monotonic() + wait_s

    def _watch(self, run: Run) -> None:
        """Start stages again that are stuck, alone where that can be, or else the run."""
        pipeline = run.pipeline
        if pipeline is None:
            return
        if not self._watchdog.tend(run.stages):
            self._code = FAILED
            return
        stage = self._watchdog.stuck_stage(pipeline)
        if stage is None:
            if self._fallback is not None and pipeline.status().running:
                self._fallback = None
            return
        self._end_run()
        limit_s = self._config.watchdog.stage_s
        self._restart(stage, f"stage {stage} made no progress for {limit_s:g} s")

    def _reload(self) -> None:
        self._notifier.reloading()
        try:
            self._use(load_daemon_config(self._path))
        except EventVisionError as error:
            self._faults.happened("bad settings", "the new settings cannot be used; the old stay")
            for line in str(error).splitlines():
                _LOG.error("%s", line)
        finally:
            self._notifier.ready()

    def _use(self, config: DaemonConfig) -> None:
        """Go on with other settings, without a stop where that can be."""
        old, pipeline = self._config, None if self._run is None else self._run.pipeline
        if config == old:
            _LOG.info("the settings are as they were")
            return
        if pipeline is not None and can_change_live(old, config):
            change_live(pipeline, old, config)
            if self._services is not None and old.tasks != config.tasks:
                self._services.tell_tasks(config.tasks)
            if self._keeper is not None and config.recorder is not None:
                self._keeper.use(config.recorder)
            self._config = config
            self._watchdog.use(config.watchdog)
            self.state.use(config)
            _LOG.info("new settings are in force; nothing was stopped")
            return
        self.state.use(config)
        self._end_run()
        if _offered(old) != _offered(config):
            self._replace_services(old, config)
        self._config, self._fallback = config, old
        self._watchdog.use(config.watchdog)
        self._start_at_s = 0.0
        _LOG.info("new settings: started anew")

    def _replace_services(self, old: DaemonConfig, config: DaemonConfig) -> None:
        if self._services is not None:
            self._services.close()
        try:
            self._services = Services(config, self.state, self._faults)
        except EventVisionError:
            self._services = Services(old, self.state, self._faults)
            self._start_at_s = 0.0
            self.state.use(old)
            raise

    def _go_back(self, failure: BaseException) -> None:
        """Take up the settings of before, since nothing runs with the new ones."""
        old, self._fallback = self._fallback, None
        if old is None:
            return
        self._faults.happened("bad settings", f"{failure}; back to the settings of before")
        if _offered(old) != _offered(self._config):
            self._replace_services(old, old)
        self._config, self._start_at_s = old, 0.0
        self.state.use(old)

    def _check_memory(self) -> None:
        limit = self._config.watchdog.memory_megabytes
        if limit is not None and memory_bytes() > limit * 1e6:
            self._faults.happened("memory", f"more than {limit:g} MB in use: ending, to be started")
            self._code = FAILED

    def _end_run(self) -> None:
        run, self._run = self._run, None
        if run is None:
            return
        run.stop()
        if not run.join(DRAIN_S):
            _LOG.error("the run did not end within %g s; left to itself", DRAIN_S)
            run.abandon()
            if self._keeper is not None:
                self._keeper.leave()
        self.state.detach()

    def _end(self) -> None:
        self.state.enter("stopping")
        self._notifier.stopping()
        self._end_run()
        if self._services is not None:
            self._services.close()
        _LOG.info("ended")

    def _line(self) -> str:
        status = self.state.status()
        rate = status["event_rate_hz"]
        return f"{status['daemon']['phase']}; {rate:.0f} events/s, {status['slices']} slices"


def _offered(config: DaemonConfig) -> tuple[object, ...]:
    """Return the settings by which services are made."""
    return config.http, config.mqtt, config.rerun, config.tasks
