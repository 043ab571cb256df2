"""What has to be done from time to time: old files go, free memory too, and clocks are watched."""

from __future__ import annotations

import logging
import time

from eventvision.sinks import Retention

from .faults import Faults
from .memory import give_back_memory
from .recording import retention_of
from .restarts import ClockWatch
from .settings import DaemonConfig

_LOG = logging.getLogger("eventvision.daemon")

SWEEP_EVERY_S = 30.0
TRUST_AFTER_S = 3600.0
"""After a jump of the clock, no file goes for its age for so long."""


class Housekeeping:
    """Is called again and again by the supervisor.

    Args:
        config: Says what is kept where.
        faults: Is told of clocks that jump and disks that are full.
        clock: Watches the clock.
    """

    def __init__(
        self, config: DaemonConfig, faults: Faults, clock: ClockWatch | None = None
    ) -> None:
        self._faults = faults
        self._clock = clock or ClockWatch()
        self._sweep_at_s = 0.0
        self.tick(config)

    def tick(self, config: DaemonConfig) -> None:
        """Look at the clock, and every now and then at the disk."""
        jump_s = self._clock.jump_s()
        if jump_s:
            self._faults.happened("clock jump", f"the clock jumped by {jump_s:+.1f} s")
        now_s = time.monotonic()
        if now_s >= self._sweep_at_s:
            self._sweep_at_s = now_s + SWEEP_EVERY_S
            for retention in retentions(config):
                self._sweep(retention)
            give_back_memory()

    def _sweep(self, retention: Retention) -> None:
        # The file being written is the youngest: it is the last to go, and never goes for its age.
        files = retention.files()
        newest = [file.path for file in files[-1:]]
        removed = retention.sweep(keep=newest, by_age=self._clock.is_trusted(TRUST_AFTER_S))
        if removed:
            _LOG.info("%s: %s old files removed", retention.folder, len(removed))
        if retention.lacks_room():
            self._faults.began("disk full", f"{retention.folder}: the disk is full")
        else:
            self._faults.passed("disk full", f"{retention.folder}: there is room again")


def retentions(config: DaemonConfig) -> list[Retention]:
    """Return the rules for all folders that the daemon writes to."""
    rules = []
    if config.recorder is not None:
        suffix = f".{config.recorder.format}"
        rules.append(retention_of(config.recorder.keep, config.recorder.folder, (suffix,)))
    if config.outputs is not None:
        suffixes = tuple(f".{name}" for name in config.outputs.formats)
        rules.append(retention_of(config.outputs.keep, config.outputs.folder, suffixes))
    return rules
