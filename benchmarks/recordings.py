"""The recordings that benchmarks run on: eight rings that move about, and noise.

Two sensors: `davis`, 346x260, 10 million events in 10 s; `hd`, 1280x720, 20 million in 2 s. One
event in ten is noise, anywhere. Always the same, for a given version of numpy.

    python -m benchmarks.recordings FOLDER
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EVENT_DTYPE

from ._harness import Absent, tell
from ._worker import PEERS_PYTHON, Worker

RINGS = 8
NOISE_SHARE = 0.1
EVENTS_AT_A_TIME = 1_000_000
SUFFIXES = {
    "AEDAT4": "aedat4",
    "AEDAT4 uncompressed": "plain.aedat4",
    "EVT3": "evt3.raw",
    "EVT2": "evt2.raw",
    "DAT": "dat",
    "ES": "es",
}
DEFAULT_FOLDER = Path(__file__).parents[1] / "out" / "benchmarks"


@dataclass(frozen=True, slots=True)
class Recording:
    """Size and length of a benchmark recording."""

    name: str
    width: int
    height: int
    events: int
    duration_us: int

    @property
    def size(self) -> str:
        """Sensor size as text."""
        return f"{self.width}x{self.height}"

    def path(self, folder: Path, file_format: str) -> Path:
        """Return where the recording lies in one of the formats of `SUFFIXES`."""
        return folder / f"{self.name}.{SUFFIXES[file_format]}"


RECORDINGS = (
    Recording("davis", 346, 260, 10_000_000, 10_000_000),
    Recording("hd", 1280, 720, 20_000_000, 2_000_000),
)


def moving_rings(recording: Recording) -> NDArray[np.void]:
    """Return the events of a recording, shape (events,), dtype `EVENT_DTYPE`, ordered in time."""
    events = np.empty(recording.events, EVENT_DTYPE)
    parts = -(-recording.events // EVENTS_AT_A_TIME)
    edges_us = np.linspace(0, recording.duration_us, parts + 1)
    for index, seed in enumerate(np.random.SeedSequence(0).spawn(parts)):
        part = events[index * EVENTS_AT_A_TIME : (index + 1) * EVENTS_AT_A_TIME]
        fill(part, recording, edges_us[index], edges_us[index + 1], np.random.default_rng(seed))
    return events


def fill(
    part: NDArray[np.void],
    recording: Recording,
    t0_us: float,
    t1_us: float,
    random: np.random.Generator,
) -> None:
    """Write the events of `[t0_us, t1_us)` into `part`."""
    width, height = recording.width, recording.height
    t_us = np.sort(random.uniform(t0_us, t1_us, part.size)).astype(np.int64)
    ring = random.integers(RINGS, size=part.size)
    angle = random.uniform(0, 2 * np.pi, part.size)
    radius_px = height / 20 * (1 + ring / 4) + random.normal(0, 0.7, part.size)
    x_px = width * (1 / 2 + np.cos(t_us / 1e6 * 1.3 + ring) / 3) + radius_px * np.cos(angle)
    y_px = height * (1 / 2 + np.sin(t_us / 1e6 * 1.7 + ring * 2) / 3) + radius_px * np.sin(angle)
    noise = random.random(part.size) < NOISE_SHARE
    x_px[noise] = random.uniform(0, width, noise.sum())
    y_px[noise] = random.uniform(0, height, noise.sum())
    part["t"], part["on"] = t_us, np.cos(angle) > 0
    part["x"], part["y"] = x_px.clip(0, width - 1), y_px.clip(0, height - 1)


def recordings_in(folder: Path | None, formats: Collection[str] = ("AEDAT4", "EVT3")) -> Path:
    """Return the folder with all recordings in some formats; makes what is missing.

    Args:
        folder: Where they lie; None for the default folder.
        formats: Some of those in `SUFFIXES`.

    Raises:
        Absent: If one is missing and cannot be written.
    """
    target = folder or DEFAULT_FOLDER
    target.mkdir(parents=True, exist_ok=True)
    for recording in RECORDINGS:
        paths = [recording.path(target, file_format) for file_format in formats]
        if missing := [path for path in paths if not path.is_file()]:
            write(recording, missing)
    return target


def write(recording: Recording, paths: list[Path]) -> None:
    """Write a recording with faery, which the environment of the peers must have."""
    tell(f"making {recording.events / 1e6:.0f} M events at {recording.size}")
    with TemporaryDirectory() as scratch, Worker.of_peers("_recordings_peer.py") as peer:
        array = Path(scratch) / "events.npy"
        np.save(array, moving_rings(recording))
        for path in paths:
            size = {"width": recording.width, "height": recording.height}
            try:
                peer.call("write", array=str(array), path=str(path), **size)
            except Absent as reason:
                raise Absent(
                    f"{path} cannot be made with faery ({reason})",
                    f"install faery, name an interpreter that has it in {PEERS_PYTHON}, "
                    "or give a folder of recordings with --recordings",
                ) from None


def main() -> None:
    """Make the recordings in a folder."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    try:
        recordings_in(parser.parse_args().folder, SUFFIXES)
    except Absent as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()
