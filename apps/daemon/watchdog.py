"""Notices stages that are stuck, and has them started again, each by itself where that can be."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from eventvision.pipeline import Pipeline

from .faults import Faults
from .restarts import Restarts
from .settings import WatchdogSettings
from .turns import Restartable

_LOG = logging.getLogger("eventvision.daemon")


class Watchdog:
    """Watches stages.

    Args:
        settings: When a stage is stuck, and how often one may be started again.
        faults: Is told.
        on_restart: Counts restarts, by the name of the stage.
    """

    def __init__(
        self, settings: WatchdogSettings, faults: Faults, on_restart: Callable[[str], None]
    ) -> None:
        self._settings, self._faults, self._on_restart = settings, faults, on_restart
        self._whole = Restarts(settings.restarts, settings.within_s, settings.wait_s)
        self._single: dict[str, Restarts] = {}

    def use(self, settings: WatchdogSettings) -> None:
        """Go by other settings; what was counted stays counted only if they are the same."""
        if settings != self._settings:
            self._settings, self._single = settings, {}
            self._whole = Restarts(settings.restarts, settings.within_s, settings.wait_s)

    def next_wait_s(self, stage: str) -> float | None:
        """Count a restart of the whole run; return how long to wait, None if it must not be."""
        self._on_restart(stage)
        wait_s = self._whole.next_wait_s()
        if wait_s is None:
            self._give_up(stage)
        return wait_s

    def tend(self, stages: Iterable[Restartable]) -> bool:
        """Start stuck stages again while all others go on.

        Returns:
            False if one without which nothing goes on was started too often.
        """
        limit_s = self._settings.stage_s
        stuck = [stage for stage in stages if stage.busy_s > limit_s]
        can_go_on = [self._restarted(stage, limit_s) for stage in stuck]
        return all(can_go_on)

    def stuck_stage(self, pipeline: Pipeline) -> str | None:
        """Return the last stage of a run that is stuck and cannot be started by itself."""
        limit_s = self._settings.stage_s
        stuck = [stage for stage, s in pipeline.busy_s().items() if s > limit_s]
        return stuck[-1] if stuck else None

    def _restarted(self, stage: Restartable, limit_s: float) -> bool:
        told = f"stage {stage.name} made no progress for {limit_s:g} s"
        wait_s = self._restarts(stage.name).next_wait_s()
        if wait_s is not None:
            if stage.restart(limit_s, wait_s):
                self._faults.happened(f"stage {stage.name}", f"{told}; it is started again")
                self._on_restart(stage.name)
            return True
        if stage.is_vital:
            self._give_up(stage.name)
            return False
        self._faults.began(f"stage {stage.name}", f"{told}, again and again; others go on")
        return True

    def _restarts(self, name: str) -> Restarts:
        """Return the count of a stage; the time that it takes to see that it hangs is left out."""
        if name not in self._single:
            allowed = self._settings
            within_s = allowed.within_s + allowed.restarts * allowed.stage_s
            self._single[name] = Restarts(allowed.restarts, within_s, allowed.wait_s)
        return self._single[name]

    def _give_up(self, stage: str) -> None:
        allowed = self._settings
        _LOG.error(
            "%s: more than %s restarts in %g s: giving up",
            stage,
            allowed.restarts,
            allowed.within_s,
        )
