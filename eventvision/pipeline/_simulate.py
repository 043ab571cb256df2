"""From a scene to a recording and the truth about it, of any length in constant memory."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from eventvision.core import (
    ConfigError,
    Events,
    EventWriter,
    OutputError,
    Packet,
    PartFile,
    SensorSize,
)
from eventvision.io import open_writer, target_format
from eventvision.simulation import (
    CAMERAS,
    SENSOR_SIZES,
    EventCamera,
    PictureScene,
    Scene,
    open_scene,
    pixel_model,
    watch,
    write_truth,
)

DEFAULT_CAMERA = "davis346"
DEFAULT_SECONDS = 2.0
_PACKET_EVENTS = 1 << 16
_PACKET_US = 10_000

OnProgress = Callable[[float, int], None]
"""Hears the share done, 0 to 1, and the events written so far."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SimulationConfig:
    """What to simulate.

    Attributes:
        scene: Named scene, video, or folder of images.
        out: File to write; its extension says the format.
        sensor: Size of the pixel array; that of the camera if None.
        camera: One of `CAMERAS`.
        seconds: How much to simulate; None for all of a video or folder, 2 s of a scene.
        seed: Decides scene, camera and noise.
        fps: Pictures a second of a folder of images, or of a video instead of its own times.
        images: Folder of images for scenes that show some.
        truth_every_us: Time between two truths; 0 for none.
        force: Whether to replace what is there.
    """

    scene: str
    out: Path
    sensor: SensorSize | None = None
    camera: str = DEFAULT_CAMERA
    seconds: float | None = None
    seed: int = 0
    fps: float | None = None
    images: Path | None = None
    truth_every_us: int = 20_000
    force: bool = False

    def __post_init__(self) -> None:
        if self.seconds is not None and not 1e-3 <= self.seconds <= 1e6:
            raise ConfigError("--seconds", self.seconds, "a number in 0.001 to 1000000")
        if self.seed < 0:
            raise ConfigError("--seed", self.seed, "0 or a positive whole number")
        if self.camera not in CAMERAS:
            raise ConfigError("--camera", self.camera, f"one of {', '.join(CAMERAS)}")


@dataclass(frozen=True, kw_only=True, slots=True)
class SimulationReport:
    """What was simulated.

    Attributes:
        out: The recording.
        truth: The archive of truths; empty if none was written.
        camera: Preset of the camera.
        width: Of the sensor, in pixels.
        height: Likewise.
        seconds: Simulated time.
        events: Events written.
        sub_frames: How often the camera looked.
        lost_events: Events that the readout was too slow for.
        wall_s: How long it took, truth included.
    """

    out: str
    truth: str
    camera: str
    width: int
    height: int
    seconds: float
    events: int
    sub_frames: int
    lost_events: int
    wall_s: float

    def as_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return asdict(self)


def simulate(config: SimulationConfig, on_progress: OnProgress | None = None) -> SimulationReport:
    """Let a camera watch a scene; write its events, and the truth beside them.

    Files appear under their names when they are complete. The same settings give the same events,
    and the same truth, bit for bit.

    Raises:
        ConfigError: If an option cannot be used.
        SourceError: If a video or an image cannot be read.
        OutputError: If something cannot be written, or is there already.
    """
    began_s = time.monotonic()
    target = target_format(config.out, None)
    truth_path = config.out.with_suffix(".truth.npz")
    _check_free(config, truth_path)
    sensor = config.sensor or SENSOR_SIZES.get(config.camera, SENSOR_SIZES[DEFAULT_CAMERA])
    scene = open_scene(
        config.scene, sensor=sensor, seed=config.seed, fps=config.fps, images=config.images
    )
    duration_us = _duration_us(config, scene)
    camera = EventCamera(sensor, pixel_model(config.camera, seed=config.seed), seed=config.seed)
    part = PartFile(config.out)
    has_truth = config.truth_every_us > 0 and not part.is_stream
    try:
        writer = open_writer(
            part.path, sensor, format=target.name, force=True, camera=f"simulated {config.camera}"
        )
        with closing(writer):
            events, sub_frames = _write(writer, scene, camera, duration_us, on_progress)
        if has_truth:
            write_truth(truth_path, scene, range(0, duration_us, config.truth_every_us))
        part.keep()
    except OutputError as error:
        part.discard()
        if error.path != str(part.path):
            raise
        raise OutputError(config.out, error.problem, error.remedy) from error
    except BaseException:
        part.discard()
        raise
    return SimulationReport(
        out=str(config.out),
        truth=str(truth_path) if has_truth else "",
        camera=config.camera,
        width=sensor.width,
        height=sensor.height,
        seconds=duration_us / 1e6,
        events=events,
        sub_frames=sub_frames,
        lost_events=camera.lost_events,
        wall_s=round(time.monotonic() - began_s, 4),
    )


def _write(
    writer: EventWriter,
    scene: Scene,
    camera: EventCamera,
    duration_us: int,
    on_progress: OnProgress | None,
) -> tuple[int, int]:
    """Write all events; return how many there were, and how often the camera looked."""
    events = sub_frames = 0
    for packet, looks in _packets(scene, camera, duration_us):
        writer.write(packet)
        events, sub_frames = events + len(packet), looks
        if on_progress is not None:
            on_progress((packet.until_us or 0) / duration_us, events)
    return events, sub_frames


def _packets(scene: Scene, camera: EventCamera, duration_us: int) -> Iterator[tuple[Packet, int]]:
    """Yield packets of a convenient size, and how often the camera has looked."""
    parts: list[Events] = []
    size = since_us = 0
    for looks, glance in enumerate(watch(scene, camera, t1_us=duration_us), start=1):
        parts.append(glance.events)
        size += len(glance.events)
        is_due = size >= _PACKET_EVENTS or glance.t_us - since_us >= _PACKET_US
        if is_due or glance.t_us == duration_us:
            yield Packet(Events.join(parts), until_us=glance.t_us), looks
            parts, size, since_us = [], 0, glance.t_us


def _duration_us(config: SimulationConfig, scene: Scene) -> int:
    """Return how long to watch; pictures end with the last of them."""
    wanted = config.seconds
    if isinstance(scene, PictureScene):
        if scene.pictures < 2:
            raise ConfigError("scene", config.scene, "at least two pictures")
        wanted = min(wanted or math.inf, scene.duration_us / 1e6)
    return max(1, round((DEFAULT_SECONDS if wanted is None else wanted) * 1e6))


def _check_free(config: SimulationConfig, truth_path: Path) -> None:
    for path in (config.out, truth_path) if config.truth_every_us else (config.out,):
        if path.is_file() and not config.force:
            raise OutputError(path, "exists already", "choose another name or use --force")
