"""Pipelines whose results go to the screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from eventvision.core import SliceResult, Source

from .presets import config_values
from .state import PipelinePart

if TYPE_CHECKING:
    from eventvision.pipeline import Pipeline

Deliver = Callable[[SliceResult], None]


def built(
    source: Source,
    settings: PipelinePart,
    *,
    speed: float | None,
    pre_roll_s: float,
    deliver: Deliver,
    notice: Callable[[str], None],
) -> Pipeline:
    """Return a pipeline that has not begun.

    Args:
        source: Where events come from; the caller closes it.
        settings: What happens to them.
        speed: Recording seconds per second; None is as fast as possible.
        pre_roll_s: How much of the past is kept for recordings that begin later.
        deliver: Takes every result, in the thread that runs the pipeline.
        notice: Hears of devices that failed and of tasks that run less often.

    Raises:
        ConfigError: If the settings do not fit the source.
        ModelError: If a model cannot be used.
        DeviceError: If a device cannot be used.
    """
    from eventvision.pipeline import RunConfig, build_pipeline

    config = RunConfig.checked(
        source=source.info.name,
        speed="max" if speed is None else speed,
        pre_roll_s=pre_roll_s,
        **config_values(settings),
    )
    return build_pipeline(config, source, on_notice=notice, sinks=[_ToScreen(deliver)])


class _ToScreen:
    """A sink that hands results on and ends nothing."""

    def __init__(self, deliver: Deliver) -> None:
        self._deliver = deliver

    def write(self, result: SliceResult) -> None:
        """Hand a result on."""
        self._deliver(result)

    def close(self) -> None:
        """Do nothing: another run may follow."""
