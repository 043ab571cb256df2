"""`eventvision simulate`: a scene, a video or images as a camera would see them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from eventvision.core import ConfigError, SensorSize, parse_duration_us
from eventvision.pipeline import DEFAULT_CAMERA, SimulationConfig, SimulationReport, simulate
from eventvision.simulation import SENSOR_SIZES

from .output import print_table, progress_bar


def config(
    *,
    scene: str,
    out: Path,
    sensor: str | None,
    camera: str | None,
    seconds: float | None,
    seed: int,
    fps: float | None,
    images: Path | None,
    truth: str,
    force: bool,
) -> SimulationConfig:
    """Check what the user asked for.

    Raises:
        ConfigError: Names the option that is wrong.
    """
    product = sensor if sensor in SENSOR_SIZES else None
    return SimulationConfig(
        scene=scene,
        out=out,
        sensor=_size(sensor),
        camera=camera or product or DEFAULT_CAMERA,
        seconds=seconds,
        seed=seed,
        fps=fps,
        images=images,
        truth_every_us=_interval_us(truth),
        force=force,
    )


def run(wanted: SimulationConfig, *, as_json: bool) -> int:
    """Simulate and sum up."""
    with progress_bar(f"simulate {wanted.scene}") as show:
        report = simulate(wanted, show)
    if as_json:
        json.dump(report.as_dict(), sys.stdout, indent=2)
        print()  # noqa: T201
    else:
        print_table(report.out, _rows(report))
    return 0


def _rows(report: SimulationReport) -> list[tuple[str, str]]:
    rows = [
        ("camera", f"{report.camera}, {report.width}x{report.height}"),
        ("events", f"{report.events:,}"),
        ("duration", f"{report.seconds:.3f} s"),
        ("rate", f"{report.events / report.seconds / 1e6:.3f} Mev/s"),
        ("sub-frames", f"{report.sub_frames:,}"),
        ("wall time", f"{report.wall_s:.3f} s"),
    ]
    if report.lost_events:
        rows.append(("lost in the readout", f"{report.lost_events:,}"))
    return [*rows, ("truth", report.truth or "none")]


def _size(text: str | None) -> SensorSize | None:
    if text is None:
        return None
    if text in SENSOR_SIZES:
        return SENSOR_SIZES[text]
    try:
        size = SensorSize.parse(text)
    except ValueError:
        size = None
    if size is None or size.width > 4096 or size.height > 4096 or min(size.shape) < 16:
        names = ", ".join(SENSOR_SIZES)
        raise ConfigError("--sensor", text, f"a size of 16x16 to 4096x4096, or one of {names}")
    return size


def _interval_us(text: str) -> int:
    if text == "none":
        return 0
    try:
        return parse_duration_us(text)
    except ValueError as error:
        raise ConfigError("--truth", text, "a time such as 20ms, or none") from error
