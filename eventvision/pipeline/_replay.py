"""From a configuration to a finished run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack

from eventvision.core import SensorSize, Sink, Source
from eventvision.io import follow_settings, open_source
from eventvision.sinks import ArraysSink, JsonlSink, Recorder, VideoSink

from ._config import RunConfig
from ._networks import Networks
from ._parts import Parts, first_filters
from ._pipeline import Pipeline, Progress, open_recorder
from ._summary import Summary


def replay(
    config: RunConfig,
    on_progress: Callable[[Progress], None] | None = None,
    on_notice: Callable[[str], None] | None = None,
) -> Summary:
    """Play a recording through the pipeline that `config` describes.

    Every option is checked and every output is opened before the first event is read.

    Args:
        config: What to do.
        on_progress: Called after every slice.
        on_notice: Hears, from any thread, what changes meanwhile: settings of a camera, a device
            that failed or was started again, tasks that run less often under load.

    Returns:
        What was done.

    Raises:
        ConfigError: If an option cannot be used.
        SourceError: If the recording cannot be read, or is damaged and `strict` was asked for;
            outputs then hold what came before the damage.
        OutputError: If an output cannot be written.
    """
    opened = open_source(
        config.source,
        sensor=config.sensor,
        read=config.read,
        settings=config.settings,
        strict=config.strict,
    )
    with opened as source, follow_settings(source, on_notice):
        return build_pipeline(config, source, on_progress, on_notice).run()


def build_pipeline(
    config: RunConfig,
    source: Source,
    on_progress: Callable[[Progress], None] | None = None,
    on_notice: Callable[[str], None] | None = None,
    *,
    sinks: Sequence[Sink] = (),
) -> Pipeline:
    """Wire up a pipeline for a source that is already open.

    Args:
        config: What to do.
        source: Where events come from; the caller closes it.
        on_progress: Called after every slice.
        on_notice: Hears what changes meanwhile, as in `replay`.
        sinks: More of them, beside those of the configuration; closed when the run ends.

    Raises:
        ConfigError: If an option cannot be used.
        ModelError: If a model is missing, or does not do what it is wanted for.
        DeviceError: If a model cannot run where it should.
        OutputError: If an output cannot be written.
    """
    filters = first_filters(config, source)
    sensor = filters[-1].sensor if filters else source.info.sensor
    networks = Networks(sensor, config.device, on_notice)
    parts = Parts(source.info.sensor, sensor, networks)
    representation = parts.representation(config.representation)
    with ExitStack() as failed:
        failed.callback(networks.close)
        slicer = parts.slicer(config.slicer)
        tasks = parts.tasks(config.tasks)
        opened, recorder = _open_outputs(config, source, sensor)
        failed.pop_all()
    return Pipeline(
        source=source,
        filters=filters,
        slicer=slicer,
        representation=representation,
        tasks=tasks,
        networks=networks,
        sinks=[*opened, *sinks],
        recorder=recorder,
        speed=None if config.speed == "max" else config.speed,
        start_s=config.start_s,
        end_s=config.end_s,
        keep_us=round(config.pre_roll_s * 1e6),
        parts=parts,
        on_progress=on_progress,
        on_notice=on_notice,
    )


def _open_outputs(
    config: RunConfig, source: Source, sensor: SensorSize
) -> tuple[list[Sink], Recorder | None]:
    """Open all outputs; if one cannot be opened, those that are leave nothing behind."""
    with ExitStack() as opened:
        sinks: list[Sink] = []
        recorder = None
        if config.record is not None:
            recorder = open_recorder(config.record, source)
            opened.callback(recorder.discard)
        if config.results is not None:
            results = JsonlSink(config.results)
            opened.callback(results.discard)
            sinks.append(results)
        if config.arrays is not None:
            arrays = ArraysSink(config.arrays)
            opened.callback(arrays.discard)
            sinks.append(arrays)
        if config.video is not None:
            sinks.append(VideoSink(config.video, sensor, fps=config.video_fps))
        opened.pop_all()
    return sinks, recorder
