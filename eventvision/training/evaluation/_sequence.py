"""A sequence to evaluate on: events, where slices end, and what is true at some of these ends."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import ConfigError, Events, FormatError, Packet, SensorSize, Slice
from eventvision.filters import parse_filters
from eventvision.slicing import parse_slicer

from ._box_scores import TrueObjects

_DEPTH_BITS, _FLOW_BITS = 7, 6
_HALF_BITS = 10

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true at one instant.

    Attributes:
        t_us: The instant; a slice ends there.
        shade: float32, shape (height, width): square root of linear intensity, 0 to 1, in steps of
            8 bits: light as pictures store it.
        classes: uint8, same shape: index into `SEGMENTATION_CLASSES`, 255 where nobody knows.
        depth_m: float32, same shape: distance along the optical axis, NaN where it does not count.
        flow_px_s: float32, shape (2, height, width): velocity, columns then rows.
        objects: What there is to be found; its classes are indices into `DETECTION_CLASSES`.
    """

    t_us: int
    shade: NDArray[np.float32]
    classes: NDArray[np.uint8]
    depth_m: NDArray[np.float32]
    flow_px_s: NDArray[np.float32]
    objects: TrueObjects


@dataclass(frozen=True, slots=True)
class ValidationSequence:
    """One sequence.

    Attributes:
        name: Name in tables.
        events: All events; times count from the start.
        edges_us: int64, shape (slices + 1,): where slices begin and end.
        truths: In order of time; each at one of the edges.
    """

    name: str
    events: Events
    edges_us: NDArray[np.int64]
    truths: tuple[Truth, ...]

    @property
    def sensor(self) -> SensorSize:
        """Size of the pixel array."""
        return self.events.sensor

    def slices(self, slicer: str | None = None) -> Iterator[tuple[Slice, Truth | None]]:
        """Yield slices, each with the truth at its end if there is one.

        Args:
            slicer: Cuts the events its own way, as `parse_slicer` reads it; the slice that an
                instant of truth falls into ends there. None takes the slices of the sequence.

        Raises:
            ConfigError: If the slicer is not known.
        """
        if slicer is None:
            yield from self._own_slices()
            return
        start_us, index = int(self.edges_us[0]), 0
        for truth in self.truths:
            stretch = self.events.between(start_us, truth.t_us)
            for part, t1_us in _cut(stretch, slicer, truth.t_us):
                ends = t1_us == truth.t_us
                yield Slice(index, part, start_us, t1_us, "time"), truth if ends else None
                start_us, index = t1_us, index + 1

    def _own_slices(self) -> Iterator[tuple[Slice, Truth | None]]:
        truths = {truth.t_us: truth for truth in self.truths}
        edges = self.edges_us.tolist()
        for index, (t0_us, t1_us) in enumerate(pairwise(edges)):
            part = self.events.between(t0_us, t1_us)
            yield Slice(index, part, t0_us, t1_us, "time"), truths.get(t1_us)


def without_noise(sequence: ValidationSequence, filters: str) -> ValidationSequence:
    """Return a sequence of which only the events are left that pass filters.

    Args:
        sequence: The sequence.
        filters: As `eventvision.filters.parse_filters` reads them; nothing leaves it as it is.

    Raises:
        ConfigError: If a filter is not known, or changes the size of the sensor.
    """
    packet = Packet(sequence.events)
    for stage in parse_filters(filters, sequence.sensor):
        packet = stage.process(packet)
    if packet.events.sensor != sequence.sensor:
        raise ConfigError("filters", filters, "filters that keep the size of the sensor")
    return replace(sequence, events=packet.events)


def _cut(events: Events, slicer: str, end_us: int) -> Iterator[tuple[Events, int]]:
    """Yield the parts that a slicer cuts a stretch into, and where they end: the last at end_us."""
    made = parse_slicer(slicer, events.sensor)
    used = 0
    for slice_ in made.push(Packet(events)):
        if slice_.t1_us >= end_us:
            break
        used += len(slice_)
        yield slice_.events, slice_.t1_us
    yield Events(events.data[used:], events.sensor), end_us


def save_sequence(path: Path, sequence: ValidationSequence) -> str:
    """Write a sequence and return the digest of what it holds."""
    arrays: dict[str, Any] = _arrays(sequence)
    np.savez_compressed(path, **arrays)
    return digest(arrays)


def load_sequence(path: Path, expected: str | None = None) -> ValidationSequence:
    """Read a sequence.

    Args:
        path: The file.
        expected: Digest that it must have.

    Raises:
        FormatError: If the file is missing, damaged, or not what was expected.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        if expected is not None and digest(arrays) != expected:
            raise FormatError(path, "is not what it was when the set was made", "make it again")
        return _sequence(path.stem, arrays)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise FormatError(path, f"is damaged ({error})", "make the set again") from error


def digest(arrays: Arrays) -> str:
    """Return the SHA-256 of names, types, shapes and contents; how they are packed is no matter."""
    total = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        total.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        total.update(array.tobytes())
    return total.hexdigest()


def _arrays(sequence: ValidationSequence) -> dict[str, NDArray[Any]]:
    """Return what is stored; see `_sequence` for the way back."""
    events, truths = sequence.events, sequence.truths
    counts = [len(truth.objects.classes) for truth in truths]
    objects = [truth.objects for truth in truths]
    return {
        "sensor": np.array([sequence.sensor.width, sequence.sensor.height], np.int64),
        "wait_us": np.diff(events.t, prepend=0).astype(np.uint32),
        "x": events.x.copy(),
        "y": events.y.copy(),
        "on": np.packbits(events.on),
        "edges_us": sequence.edges_us,
        "truth_us": np.array([truth.t_us for truth in truths], np.int64),
        "shade": np.stack([np.rint(255 * truth.shade).astype(np.uint8) for truth in truths]),
        "classes": np.stack([truth.classes for truth in truths]),
        "depth_m": np.stack([_coarse(truth.depth_m, _DEPTH_BITS) for truth in truths]),
        "flow_px_s": np.stack([_coarse(truth.flow_px_s, _FLOW_BITS) for truth in truths]),
        "object_counts": np.array(counts, np.int64),
        "object_boxes": np.concatenate([one.boxes for one in objects]),
        "object_classes": np.concatenate([one.classes for one in objects]),
        "object_needed": np.concatenate([one.needed for one in objects]),
    }


def _sequence(name: str, arrays: Arrays) -> ValidationSequence:
    width, height = arrays["sensor"].tolist()
    size = arrays["wait_us"].size
    events = Events.from_columns(
        np.cumsum(arrays["wait_us"], dtype=np.int64),
        arrays["x"],
        arrays["y"],
        np.unpackbits(arrays["on"], count=size),
        sensor=SensorSize(width, height),
    )
    ends = np.cumsum(arrays["object_counts"])[:-1]
    boxes, classes, needed = (
        np.split(arrays[f"object_{part}"], ends) for part in ("boxes", "classes", "needed")
    )
    truths = tuple(
        Truth(
            int(t_us),
            arrays["shade"][k].astype(np.float32) / 255,
            arrays["classes"][k],
            arrays["depth_m"][k].astype(np.float32),
            arrays["flow_px_s"][k].astype(np.float32),
            TrueObjects(boxes[k], classes[k], needed[k]),
        )
        for k, t_us in enumerate(arrays["truth_us"])
    )
    return ValidationSequence(name, events, arrays["edges_us"], truths)


def _coarse(values: NDArray[np.float32], bits: int) -> NDArray[np.float16]:
    """Round to so many bits behind the leading one, so that smooth maps compress."""
    with np.errstate(over="ignore"):
        words = values.astype(np.float16).view(np.uint16)
    step = 1 << (_HALF_BITS - bits)
    coarse = ((words + step // 2) & ~np.uint16(step - 1)).view(np.float16)
    return np.where(np.isfinite(values), coarse, values.astype(np.float16))
