"""Draws docs/pictures/replay-NAME.png and the README's clip: recordings as `replay` shows them.

    python docs/scripts/replay_pictures.py [NAME …] [--recordings FOLDER]

The stills show one slice of a recording with everything that its tasks say. Some are of recordings
that ship with the project; those of real sensors lie in a folder of their own, see `STILLS`, and
are left out where it is not given. The clip is an animated WebP, which browsers play in a page.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from eventvision.core import SliceResult
from eventvision.io import open_source
from eventvision.pipeline import RunConfig, build_pipeline
from eventvision.simulation import shipped_recording
from eventvision.sinks import OverlayState, compose, panels_for

PICTURES = Path(__file__).parents[1] / "pictures"
LEARNED = ("reconstruction:model", "detection:model", "tracking", "segmentation", "depth")
UNTRAINED = ("reconstruction", "detection", "tracking")
MOST_WIDTH_PX = 1400
CLIP_WIDTH_PX, CLIP_EVERY, CLIP_MS, CLIP_QUALITY = 720, 2, 66, 45

Picture = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Still:
    """One picture.

    Attributes:
        source: A shipped recording, or the path of a real one in the folder that is given.
        at_s: When, in seconds after the first event.
        tasks: What is looked for.
        slicer: When a slice ends.
        is_real: Whether it is one of the folder.
    """

    source: str
    at_s: float
    tasks: tuple[str, ...] = LEARNED
    slicer: str = "time:33ms"
    is_real: bool = False


STILLS = {
    "street": Still(source="street", at_s=1.2),
    "room": Still(source="room", at_s=1.5),
    "ring": Still(
        source="aedat4/ring_davis346.aedat4", at_s=0.73, tasks=UNTRAINED, slicer="time:10ms",
        is_real=True,
    ),  # MIT, goodxue/DVS_Avoidance
    "road": Still(
        source="aedat4/road_davis346.aedat4", at_s=0.15, tasks=UNTRAINED, slicer="time:10ms",
        is_real=True,
    ),  # MIT, shiba24/event-vision-library
}  # fmt: skip
CLIP = Still(source="street", at_s=1.9)


class Frames:
    """A sink that hands pictures on.

    Attributes:
        latest: The picture of the latest slice.
    """

    def __init__(self) -> None:
        self._state: OverlayState | None = None
        self.taken: list[Picture] = []

    def write(self, result: SliceResult) -> None:
        """Draw a slice."""
        if self._state is None:
            self._state = OverlayState(result.slice.events.sensor, panels_for(result))
        self._state.update(result)
        self.taken.append(compose(result, self._state))

    def close(self) -> None:
        """Nothing is open."""


def pictures_of(still: Still, folder: Path | None) -> list[Picture]:
    """Play a recording up to the time of a still, and return a picture per slice."""
    path = folder / still.source if folder and still.is_real else shipped_recording(still.source)
    config = RunConfig(
        source=str(path), tasks=still.tasks, slicer=still.slicer, filters="none", end_s=still.at_s
    )
    frames = Frames()
    with open_source(config.source) as source:
        build_pipeline(config, source, sinks=[frames]).run()
    return frames.taken


def narrowed(picture: Picture, width: int) -> Picture:
    """Return a picture that is at most so wide."""
    share = min(1.0, width / picture.shape[1])
    size = round(picture.shape[1] * share), round(picture.shape[0] * share)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def write_clip(path: Path, pictures: list[Picture]) -> None:
    """Write an animated WebP that begins anew for ever."""
    animation = cv2.Animation()
    animation.frames = [narrowed(each, CLIP_WIDTH_PX) for each in pictures[::CLIP_EVERY]]
    animation.durations = np.full(len(animation.frames), CLIP_MS, np.int32)
    cv2.imwriteanimation(str(path), animation, [cv2.IMWRITE_WEBP_QUALITY, CLIP_QUALITY])


def main() -> None:
    """Draw the pictures that are asked for; all if none is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(STILLS)} or clip")
    parser.add_argument("--recordings", type=Path, metavar="FOLDER", help="real recordings")
    given = parser.parse_args()
    for name, path in written(given.names or [*STILLS, "clip"], given.recordings):
        print(f"{name}: {path}, {path.stat().st_size / 1e3:.0f} kB")  # noqa: T201


def written(names: list[str], folder: Path | None) -> Iterator[tuple[str, Path]]:
    """Draw pictures, and yield their names and files."""
    for name in names:
        if name == "clip":
            path = PICTURES / "replay-clip.webp"
            write_clip(path, pictures_of(CLIP, folder))
            yield name, path
        elif folder is not None or not STILLS[name].is_real:
            path = PICTURES / f"replay-{name}.png"
            picture = narrowed(pictures_of(STILLS[name], folder)[-1], MOST_WIDTH_PX)
            cv2.imwrite(str(path), picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])
            yield name, path


if __name__ == "__main__":
    main()
