"""What the daemon's services see of it: the HTTP server and MQTT are handed one `DaemonState`."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from eventvision.core import ConfigError, EventVisionError, SliceResult
from eventvision.pipeline import Pipeline, Status

from .faults import Faults

Switch = Callable[[bool], None]

Report = Callable[[], dict[str, Any]]

Listener = Callable[[str, bool], None]
"""Hears that a task, or the recording (whose name is empty), was switched."""


class LatestResult:
    """A sink that keeps the latest result, for whoever looks."""

    def __init__(self) -> None:
        self._latest: SliceResult | None = None

    @property
    def latest(self) -> SliceResult | None:
        """The result of the latest slice, without its representation; None before the first."""
        return self._latest

    def write(self, result: SliceResult) -> None:
        """Keep a result; what is rendered for a slice is valid only now."""
        self._latest = result if result.representation is None else replace(
            result, representation=None
        )  # fmt: skip

    def close(self) -> None:
        """Keep the last one."""


class DaemonState:
    """The daemon as its services see it; every method may be called from any thread.

    Args:
        config: The settings in force.
        faults: Counts what goes wrong.

    Attributes:
        latest: The sink through which results come here.
    """

    def __init__(self, config: BaseModel, faults: Faults | None = None) -> None:
        self._config = config
        self._faults = faults or Faults()
        self._began_s = time.monotonic()
        self._turn = threading.Lock()
        self._pipeline: Pipeline | None = None
        self._switched: dict[str, bool] = {}
        self._record: Switch | None = None
        self._listeners: list[Listener] = []
        self._reports: dict[str, Report] = {}
        self._phase = "starting"
        self._beat_s = time.monotonic()
        self._beat_limit_s = 30.0
        self._restarts: dict[str, int] = {}
        self._last_status = Status()
        self.latest = LatestResult()

    def status(self) -> dict[str, Any]:
        """Return what the daemon is doing right now, as values that JSON can hold.

        Those of `eventvision.pipeline.Status`, and under `daemon`: `version`, `phase` (starting,
        running, waiting, restarting or stopping), `uptime_s`, `memory_bytes`, `restarts` by stage,
        `faults` by kind, and `lasting` faults; services add what they tell under their names.
        """
        with self._turn:
            pipeline, phase = self._pipeline, self._phase
            restarts = dict(self._restarts)
        if pipeline is not None:
            self._last_status = pipeline.status()
        found = self._last_status
        if phase == "running" and found.waiting:
            phase = "waiting"
        own = {
            "version": version("eventvision"),
            "phase": phase,
            "uptime_s": round(time.monotonic() - self._began_s, 1),
            "memory_bytes": memory_bytes(),
            "restarts": restarts,
            "faults": self._faults.counts,
            "lasting": self._faults.lasting,
        }
        told = {**found.as_dict(), "daemon": own}
        told["dropped"] = {**told["dropped"], **self._faults.lost}
        return {**told, **{name: report() for name, report in self._reports.copy().items()}}

    def results(self) -> SliceResult | None:
        """Return what was found in the latest slice; None before the first."""
        return self.latest.latest

    def config(self) -> dict[str, Any]:
        """Return the settings in force, as values that JSON can hold; secrets are starred out."""
        with self._turn:
            return self._config.model_dump(mode="json")

    def set_task(self, name: str, on: bool) -> None:
        """Switch a task; the switch outlives restarts of the pipeline.

        Raises:
            ConfigError: If there is no such task, or nothing runs at present.
            ModelError: If its model is missing.
            DeviceError: If the model cannot run.
        """
        self._running().steer.set_task(name, on)
        with self._turn:
            self._switched[name] = on
        self.tell(name, on)

    def record(self, on: bool) -> None:
        """Begin to record by hand, or end that.

        Raises:
            ConfigError: If there is no recorder.
            OutputError: If it cannot be written.
        """
        with self._turn:
            switch = self._record
        if switch is None:
            raise ConfigError("recorder", "none", "a folder for recordings in the settings")
        switch(on)

    def ready(self) -> bool:
        """Tell whether slices are being looked at, or would be if there were events."""
        with self._turn:
            pipeline, phase = self._pipeline, self._phase
        if phase != "running" or pipeline is None:
            return False
        found = pipeline.status()
        return found.running and not found.waiting

    def healthy(self) -> bool:
        """Tell whether the supervisor lives; waiting for a camera is healthy."""
        return time.monotonic() - self._beat_s < self._beat_limit_s

    # What follows is the supervisor's.

    def listen(self, listener: Listener) -> None:
        """Let somebody hear what is switched; a listener must not fail, nor wait."""
        self._listeners.append(listener)

    def add_report(self, name: str, report: Report) -> None:
        """Let the status tell of a service, too."""
        self._reports[name] = report

    def forget_services(self) -> None:
        """Forget all listeners and reports."""
        self._listeners.clear()
        self._reports.clear()

    def tell(self, name: str, on: bool) -> None:
        """Tell listeners what was switched."""
        for listener in tuple(self._listeners):
            listener(name, on)

    def attach(self, pipeline: Pipeline, config: BaseModel, record: Switch | None) -> None:
        """Take note of a pipeline that begins; what was switched by hand stays switched."""
        with self._turn:
            self._pipeline, self._config, self._record = pipeline, config, record
            switched = dict(self._switched)
        for name, on in switched.items():
            try:
                pipeline.steer.set_task(name, on)
            except EventVisionError as error:
                self._faults.happened("switch", f"{name} cannot be switched again: {error}")

    def use(self, config: BaseModel) -> None:
        """Take note of settings that have changed while the pipeline goes on."""
        with self._turn:
            self._config = config
            self._switched.clear()

    def detach(self) -> None:
        """Take note that the pipeline has ended."""
        with self._turn:
            if self._pipeline is not None:
                self._last_status = self._pipeline.status()
            self._pipeline = self._record = None

    def enter(self, phase: str) -> None:
        """Take note of what the daemon is about now."""
        with self._turn:
            self._phase = phase

    def beat(self) -> None:
        """Show that the supervisor lives."""
        self._beat_s = time.monotonic()

    def restarted(self, stage: str) -> None:
        """Count a restart."""
        with self._turn:
            self._restarts[stage] = self._restarts.get(stage, 0) + 1

    def _running(self) -> Pipeline:
        with self._turn:
            pipeline = self._pipeline
        if pipeline is None:
            raise ConfigError("tasks", self._phase, "a pipeline that runs; try again soon")
        return pipeline


def memory_bytes() -> int:
    """Return how much memory this process holds; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
