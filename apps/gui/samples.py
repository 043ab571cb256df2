"""Sample recordings and scenes, for those who have neither a camera nor a recording at hand."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Events, Source

SAMPLES = {
    "street": ("Street", "A drive among traffic, people and houses."),
    "room": ("Room", "A walk round a furnished room."),
    "shapes": ("Shapes", "Textured shapes that spin, cross and hide one another."),
    "juggle": ("Juggling", "A juggler's balls and things that fly past."),
    "mixed_speed": ("Slow and fast", "Shapes whose speeds differ by a factor of 20."),
}
"""Title and content of the recordings that ship, by name."""

THUMBNAIL = (224, 168)
_FROM_US, _SPAN_US = 600_000, 25_000

STEPS = (
    ("Open", "Drop a recording here, choose a sample, or plug in a camera."),
    ("Look", "Play with Space, click the time line to jump, drag the 3-D view to turn it."),
    ("Steer", "Switch filters and tasks on in the Pipeline panel; see at once what each costs."),
)
"""What to do first, in three steps."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A recording that ships with the program.

    Attributes:
        name: Of the scene.
        title: What to show.
        about: What it shows.
        path: The file.
    """

    name: str
    title: str
    about: str
    path: Path


def samples() -> tuple[Sample, ...]:
    """Return those that are there."""
    try:
        folder = Path(str(files("eventvision_recordings")))
    except ModuleNotFoundError:
        return ()
    found = [
        Sample(name, title, about, folder / f"{name}.aedat4")
        for name, (title, about) in SAMPLES.items()
    ]
    return tuple(sample for sample in found if sample.path.is_file())


def thumbnail(
    path: Path, *, on: int, off: int, background: int, size: tuple[int, int] = THUMBNAIL
) -> NDArray[np.uint32]:
    """Return a small picture of a recording, shape (height, width), 0xFFRRGGBB.

    Args:
        path: The recording.
        on: Colour of brighter events, 0xRRGGBB.
        off: Colour of darker events, likewise.
        background: Where there are none, likewise.
        size: Width and height in pixels; what does not fit is cut off at the sides.

    Raises:
        SourceError: If it cannot be read.
    """
    from eventvision.io import open_source

    with open_source(path) as source:
        events = _stretch(source)
    width, height = size
    picture = np.full((height, width), 0xFF000000 | background, np.uint32)
    scale = max(width / events.sensor.width, height / events.sensor.height)
    x = (events.x * scale + (width - events.sensor.width * scale) / 2).astype(np.int64)
    y = (events.y * scale + (height - events.sensor.height * scale) / 2).astype(np.int64)
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    colours = np.where(events.on, np.uint32(0xFF000000 | on), np.uint32(0xFF000000 | off))
    picture[y[inside], x[inside]] = colours[inside]
    return picture


def _stretch(source: Source) -> Events:
    parts: list[Events] = []
    first_us: int | None = None
    for packet in source:
        if not len(packet):
            continue
        first_us = int(packet.events.t[0]) if first_us is None else first_us
        begin_us = first_us + _FROM_US
        part = packet.events.between(begin_us, begin_us + _SPAN_US)
        parts.append(part)
        if int(packet.events.t[-1]) >= begin_us + _SPAN_US:
            break
    if not parts:
        return Events.empty(source.info.sensor)
    return Events.join(parts)
