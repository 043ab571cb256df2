"""How the shipped recordings are made: which scenes, which camera, and the files of each."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from eventvision.core import Events, OutputError, Packet, SensorSize
from eventvision.io import Aedat4Writer, open_source
from eventvision.simulation import (
    EventCamera,
    PixelModel,
    named_scene,
    pixel_model,
    watch,
    write_truth,
)

CAMERA = "davis346"
ON_THRESHOLD, OFF_THRESHOLD = 0.45, 0.48
TRUTH_EVERY_US, DENSE_EVERY = 40_000, 10
SENSOR = SensorSize(346, 260)
_PACKET_US = 10_000

OnProgress = Callable[[str, float], None]
"""Hears the name of the recording and the share of it that is done."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One recording.

    Attributes:
        name: Of the scene, and of the files.
        seed: Of scene, camera and noise.
        seconds: Length.
        sensor: Size of the images.
    """

    name: str
    seed: int
    seconds: float = 2.0
    sensor: SensorSize = SENSOR


RECIPES = (
    Recipe("street", 2),
    Recipe("room", 2),
    Recipe("shapes", 3),
    Recipe("juggle", 7, sensor=SensorSize(640, 480)),
    Recipe("mixed_speed", 1),
)


def camera_model() -> PixelModel:
    """Return the camera: less sensitive than usual, so that the files stay small."""
    return replace(pixel_model(CAMERA), on_threshold=ON_THRESHOLD, off_threshold=OFF_THRESHOLD)


def build(folder: Path, recipe: Recipe, on_progress: OnProgress) -> str:
    """Write the files of one recording and return its part of the manifest.

    Raises:
        OutputError: If a file cannot be written.
    """
    events = folder / f"{recipe.name}.aedat4"
    truth = folder / f"{recipe.name}.truth.npz"
    writer = Aedat4Writer(events, recipe.sensor, compression="zstd", camera=f"simulated {CAMERA}")
    count = 0
    try:
        for packet in packets(recipe, on_progress):
            writer.write(packet)
            count += len(packet)
    finally:
        writer.close()
    scene = named_scene(recipe.name, sensor=recipe.sensor, seed=recipe.seed)
    times_us = range(0, round(recipe.seconds * 1e6), TRUTH_EVERY_US)
    write_truth(truth, scene, times_us, dense_every=DENSE_EVERY)
    return _manifest(recipe, count, events, truth)


def packets(recipe: Recipe, on_progress: OnProgress) -> Iterator[Packet]:
    """Yield what the camera sends."""
    scene = named_scene(recipe.name, sensor=recipe.sensor, seed=recipe.seed)
    camera = EventCamera(recipe.sensor, camera_model(), seed=recipe.seed)
    end_us = round(recipe.seconds * 1e6)
    parts: list[Events] = []
    since_us = 0
    for glance in watch(scene, camera, t1_us=end_us):
        parts.append(glance.events)
        if glance.t_us - since_us >= _PACKET_US or glance.t_us == end_us:
            yield Packet(Events.join(parts), until_us=glance.t_us)
            parts, since_us = [], glance.t_us
        on_progress(recipe.name, glance.t_us / end_us)


def events_digest(path: Path) -> str:
    """Return a digest of a recording's events, whatever they are compressed with."""
    columns = [hashlib.sha256() for _ in range(4)]
    with open_source(path) as source:
        for packet in source:
            events = packet.events
            for digest, values in zip(
                columns, (events.t, events.x, events.y, events.on), strict=True
            ):
                digest.update(np.ascontiguousarray(values).tobytes())
    return hashlib.sha256(b"".join(digest.digest() for digest in columns)).hexdigest()


def truth_digest(path: Path) -> str:
    """Return a digest of an archive's arrays, whatever they are compressed with."""
    digest = hashlib.sha256()
    with np.load(path) as archive:
        for name in sorted(archive.files):
            array = archive[name]
            digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def file_digest(path: Path) -> str:
    """Return the digest of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _manifest(recipe: Recipe, count: int, events: Path, truth: Path) -> str:
    lines = [
        f"[{recipe.name}]",
        f'command = "python -m eventvision_recordings FOLDER --only {recipe.name}"',
        f"seed = {recipe.seed}",
        f'sensor = "{recipe.sensor}"',
        f"seconds = {recipe.seconds:g}",
        f'camera = "{CAMERA}"',
        f"on_threshold = {ON_THRESHOLD}",
        f"off_threshold = {OFF_THRESHOLD}",
        f"events = {count}",
    ]
    for path, content in ((events, events_digest(events)), (truth, truth_digest(truth))):
        lines += [
            "",
            f'[{recipe.name}.files."{path.name}"]',
            f"bytes = {path.stat().st_size}",
            f'sha256 = "{file_digest(path)}"',
            f'content_sha256 = "{content}"',
        ]
    return "\n".join(lines) + "\n"


def write_manifest(folder: Path, parts: list[str]) -> None:
    """Write the manifest of a folder.

    Raises:
        OutputError: If it cannot be written.
    """
    try:
        text = "\n".join(parts)
        (folder / "manifest.toml").write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise OutputError(folder, str(error.strerror), "choose another folder") from error
