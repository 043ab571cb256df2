"""From a configuration to a finished run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from eventvision.core import Filter, Packet, SensorSize, Sink, Source
from eventvision.filters import HotPixels, parse_filters
from eventvision.io import follow_settings, open_source
from eventvision.representations import parse_representation
from eventvision.sinks import ArraysSink, JsonlSink, Recorder, VideoSink
from eventvision.slicing import parse_slicer
from eventvision.tasks import build_tasks

from ._config import RunConfig
from ._networks import Networks
from ._pipeline import Pipeline, Progress
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
) -> Pipeline:
    """Wire up a pipeline for a source that is already open.

    Raises:
        ConfigError: If an option cannot be used.
        ModelError: If a model is missing, or does not do what it is wanted for.
        DeviceError: If a model cannot run where it should.
        OutputError: If an output cannot be written.
    """
    filters = parse_filters(config.filters, source.info.sensor)
    if not source.is_live:
        learn_hot_pixels(filters, source)
    sensor = filters[-1].sensor if filters else source.info.sensor
    representation = (
        parse_representation(config.representation, sensor) if config.representation else None
    )
    networks = Networks(sensor, config.device, on_notice)
    with ExitStack() as failed:
        failed.callback(networks.close)
        slicer = parse_slicer(config.slicer, sensor, open_trigger=networks.open_trigger)
        tasks = build_tasks(config.tasks, sensor, network=networks.open)
        sinks, recorder = _open_outputs(config, source, sensor)
        failed.pop_all()
    return Pipeline(
        source=source,
        filters=filters,
        slicer=slicer,
        representation=representation,
        tasks=tasks,
        networks=networks,
        sinks=sinks,
        recorder=recorder,
        speed=None if config.speed == "max" else config.speed,
        start_s=config.start_s,
        end_s=config.end_s,
        on_progress=on_progress,
        on_notice=on_notice,
    )


def learn_hot_pixels(filters: Sequence[Filter], source: Source) -> None:
    """Let hot-pixel filters judge by the whole recording, as it reaches them."""
    for index, stage in enumerate(filters):
        if isinstance(stage, HotPixels):
            stage.learn(_through(filters[:index], source))
            for earlier in filters[:index]:
                earlier.reset()


def _through(filters: Sequence[Filter], packets: Iterable[Packet]) -> Iterator[Packet]:
    for packet in packets:
        passed = packet
        for stage in filters:
            passed = stage.process(passed)
        yield passed


def _open_outputs(
    config: RunConfig, source: Source, sensor: SensorSize
) -> tuple[list[Sink], Recorder | None]:
    """Open all outputs; if one cannot be opened, those that are leave nothing behind."""
    with ExitStack() as opened:
        sinks: list[Sink] = []
        recorder = None
        if config.record is not None:
            recorder = _recorder(config.record, source)
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


def _recorder(path: Path, source: Source) -> Recorder:
    info = source.info
    return Recorder(
        path, info.sensor, camera=info.camera, policy="drop" if source.is_live else "block"
    )
