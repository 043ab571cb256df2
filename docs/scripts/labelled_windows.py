"""Writes labelled windows in the layout of PEDRo, from a shipped recording and its truth.

    python docs/scripts/labelled_windows.py juggle my-windows [--every N]

Each window holds the 40 ms of events before an instant and the boxes then, as somebody would label
them by hand: `NAME.npy` with rows t, x, y, p beside `NAME.xml` (Pascal VOC).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Events
from eventvision.io import open_source
from eventvision.simulation import shipped_recording

WINDOW_US = 40_000
LEAST_PX = 64
"""Of an object that is labelled: nobody labels slivers."""


def write_window(path: Path, events: Events, names: list[str], boxes: NDArray[np.float32]) -> None:
    """Write one window and its labels."""
    np.save(path, np.stack([events.t, events.x, events.y, events.on], axis=1).astype(np.int64))
    root = ET.Element("annotation")
    size = ET.SubElement(root, "size")
    ET.SubElement(size, "width").text = str(events.sensor.width)
    ET.SubElement(size, "height").text = str(events.sensor.height)
    for name, (x, y, w, h) in zip(names, boxes.tolist(), strict=True):
        found = ET.SubElement(root, "object")
        ET.SubElement(found, "name").text = name
        box = ET.SubElement(found, "bndbox")
        for side, value in zip(("xmin", "ymin", "xmax", "ymax"), (x, y, x + w, y + h), strict=True):
            ET.SubElement(box, side).text = f"{value:g}"
    ET.ElementTree(root).write(path.with_suffix(".xml"))


def write_windows(name: str, folder: Path, every: int) -> int:
    """Write windows of a recording; return how many."""
    recording = shipped_recording(name)
    with open_source(str(recording)) as source:
        events = Events.join([packet.events for packet in source])
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    with np.load(recording.with_name(f"{name}.truth.npz")) as truth:
        known = {key: truth[key] for key in truth.files}
    for index in range(every, len(known["t_us"]), every):
        t_us, first = int(known["t_us"][index]), int(known["offsets"][index])
        rows = slice(first, first + int(known["counts"][index]))
        pixels = np.bincount(known["mask"][index].ravel())
        seen = pixels[known["ids"][rows]] >= LEAST_PX
        names = [str(known["class_names"][each]) for each in known["classes"][rows][seen]]
        window = events.between(t_us - WINDOW_US, t_us)
        write_window(folder / f"{name}{index:04d}.npy", window, names, known["boxes"][rows][seen])
        written += 1
    return written


def main() -> None:
    """Write the windows that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="a shipped recording")
    parser.add_argument("folder", type=Path, help="where the windows go")
    parser.add_argument(
        "--every",
        type=int,
        default=2,
        metavar="N",
        help="takes every Nth instant of the truth, which are 40 ms apart",
    )
    given = parser.parse_args()
    count = write_windows(given.name, given.folder, given.every)
    print(f"{given.folder}: {count} windows")  # noqa: T201


if __name__ == "__main__":
    main()
