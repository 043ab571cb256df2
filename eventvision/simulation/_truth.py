"""Writes the truth about a scene beside a recording of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from eventvision.core import Events

from ._archive import write_npz
from ._clip import Clip
from ._scene import Scene


def write_truth(path: Path, scene: Scene, times_us: Iterable[int], *, image_every: int = 5) -> None:
    """Write the truth at some times as an archive; replaces what is there.

    Args:
        path: Where to write.
        scene: What it is about.
        times_us: Rising times.
        image_every: Every how many truths the intensity is kept; it compresses badly.

    Raises:
        OutputError: If it cannot be written.
    """
    truth = [scene.truth(t_us) for t_us in times_us]
    clip = Clip(Events.empty(scene.sensor), truth, image_every, scene.class_names, 0)
    write_npz(path, clip.truth_arrays())
