"""Make the recordings that ship with the project: `python -m eventvision.simulation FOLDER`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from eventvision.core import EventVisionError, OutputError, SensorSize

from ._archive import content_sha256, file_sha256, write_npz
from ._camera import EventCamera
from ._clip import Arrays, Clip, record_clip
from ._movers import Movers
from ._presets import pixel_model

_CAMERA = "davis346"


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code: 0, or 2 with one line about what is wrong."""
    options = _parser().parse_args(arguments)
    try:
        _make(options.folder, options.seconds, options.seed, options.sensor)
    except EventVisionError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m eventvision.simulation", description=__doc__)
    parser.add_argument("folder", type=Path, help="where to write; files there are replaced")
    parser.add_argument("--seconds", type=_seconds, default=2.4, help="length (default 2.4)")
    parser.add_argument("--seed", type=_seed, default=1, help="whole number (default 1)")
    parser.add_argument("--sensor", type=_sensor, default="346x260", help="(default 346x260)")
    return parser


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0.001 <= seconds <= 600:
        raise argparse.ArgumentTypeError(f"must lie in 0.001 to 600, got {text}")
    return seconds


def _seed(text: str) -> int:
    seed = int(text)
    if seed < 0:
        raise argparse.ArgumentTypeError(f"must not be negative, got {text}")
    return seed


def _sensor(text: str) -> SensorSize:
    sensor = SensorSize.parse(text)
    if not (32 <= sensor.width <= 1920 and 32 <= sensor.height <= 1080):
        raise argparse.ArgumentTypeError(f"must lie in 32x32 to 1920x1080, got {text}")
    return sensor


def _make(folder: Path, seconds: float, seed: int, sensor: SensorSize) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(folder, str(error.strerror), "name a folder") from error
    clip = record_clip(
        Movers(sensor, seed=seed),
        EventCamera(sensor, pixel_model(_CAMERA), seed=seed),
        duration_us=round(seconds * 1e6),
        progress=_progress_line("movers"),
    )
    archives = {"movers.npz": clip.event_arrays(), "movers_truth.npz": clip.truth_arrays()}
    for name, arrays in archives.items():
        write_npz(folder / name, arrays)
    command = f"--seconds {seconds:g} --seed {seed} --sensor {sensor}"
    manifest = _manifest(folder, clip, archives, command)
    (folder / "manifest.toml").write_text(manifest, encoding="utf-8", newline="\n")


def _manifest(folder: Path, clip: Clip, archives: dict[str, Arrays], options: str) -> str:
    """Return what the folder holds; `content_sha256` does not depend on the version of zlib."""
    sensor = clip.events.sensor
    lines = [
        "[movers]",
        f'command = "python -m eventvision.simulation recordings {options}"',
        f'camera = "{_CAMERA}"',
        f'sensor = "{sensor}"',
        f"events = {len(clip.events)}",
        f"truths = {len(clip.truth)}",
        f"sub_frames = {clip.sub_frames}",
    ]
    for name, arrays in archives.items():
        path = folder / name
        lines += [
            "",
            f'[movers.files."{name}"]',
            f"bytes = {path.stat().st_size}",
            f'sha256 = "{file_sha256(path)}"',
            f'content_sha256 = "{content_sha256(arrays)}"',
        ]
    return "\n".join(lines) + "\n"


def _progress_line(label: str) -> Callable[[float], None]:
    """Return a callback that keeps one line of standard error up to date."""
    shown = -1

    def show(share: float) -> None:
        nonlocal shown
        percent = 5 * int(20 * share)
        if percent != shown:
            shown = percent
            sys.stderr.write(f"\r{label}: {percent:3d} %" + ("\n" if percent == 100 else ""))
            sys.stderr.flush()

    return show


if __name__ == "__main__":
    sys.exit(main())
