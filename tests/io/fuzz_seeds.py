"""Small valid recordings of every format that is read, for the fuzz test to damage."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from eventvision.core import EVENT_DTYPE, Events, Packet, SensorSize
from eventvision.io import FORMATS, open_writer

COUNT = 120
SENSOR = SensorSize(346, 260)


@dataclass(frozen=True, slots=True)
class Seed:
    """A valid recording.

    Attributes:
        name: Format, and the variant where there are several.
        suffix: Extension of the file.
        data: Its bytes.
        folder: Other files that must lie beside it, by name; it is opened as that folder then.
        file: Its own name in that folder.
    """

    name: str
    suffix: str
    data: bytes
    folder: tuple[tuple[str, bytes], ...] = ()
    file: str = ""


def made(side: int = 120) -> np.ndarray:
    """Events in order within a square, some at equal times, over 30 ms."""
    random = np.random.default_rng(3)
    events = np.zeros(COUNT, EVENT_DTYPE)
    events["t"] = 1000 + np.cumsum(random.integers(0, 500, COUNT))
    events["x"], events["y"] = random.integers(0, side, (2, COUNT))
    events["on"] = random.integers(0, 2, COUNT)
    return events


def all_seeds(folder: Path) -> list[Seed]:
    """Write one recording of each kind below `folder` and return them."""
    seeds = [*_written(folder), *_composed(folder), *_tables(folder), *_bags(folder)]
    return sorted(seeds, key=lambda seed: seed.name)


def _written(folder: Path) -> list[Seed]:
    """Return what our own writers make, with all that each carries."""
    from test_roundtrip import packet_of

    events = made()
    seeds = []
    variants = [(known, {}) for known in FORMATS if known.writer]
    variants += [(known, {"compression": "none"}) for known, _ in variants[:1]]
    variants += [(known, {"compressed": True}) for known, _ in variants if known.name == "NPZ"]
    for known, options in variants:
        path = folder / f"seed{known.suffixes[0]}"
        writer = open_writer(path, SENSOR, format=known.name, force=True, **options)
        for start in range(0, COUNT, 40):
            part = events[start : start + 40]
            writer.write(packet_of(part, 1) if known.carries else Packet(Events(part, SENSOR)))
        writer.close()
        name = " ".join([known.name, *(f"{key}={value}" for key, value in options.items())])
        seeds.append(Seed(name, known.suffixes[0], path.read_bytes()))
    return seeds


def _composed(folder: Path) -> list[Seed]:
    """Return formats that are only read; their tests compose them."""
    import test_aedat2
    import test_aedat3
    import test_bin40
    import test_dat
    import test_es

    events = made()
    words = test_aedat2.davis_words(events)
    words[50:50] = test_aedat2.imu_words(words[50][0], range(7))
    frame = test_aedat3.frame_row(np.arange(48).reshape(6, 8))
    packets = [
        *test_aedat3.polarity_packets(events, 40),
        test_aedat3.packet(2, len(frame), [frame]),
    ]
    small = made(34)
    paths = {
        "AEDAT2 DAVIS": test_aedat2.stored(folder, test_aedat2.DAVIS240, words, "a.aedat"),
        "AEDAT2 DVS128": test_aedat2.stored(
            folder, test_aedat2.DVS128, test_aedat2.dvs128_words(events), "b.aedat"
        ),
        "AEDAT3": test_aedat3.stored(folder, *packets, name="c.aedat"),
        "ES": test_es.stored(folder, test_es.header() + test_es.dvs_bytes(events)),
        "40-bit": test_bin40.stored(folder, test_bin40.records(small)),
        "DAT v1": test_dat.stored(
            folder, b"% Data file\n% Version 1\n" + bytes((0, 8)) + test_dat.records(events, 9, 8)
        ),
    }
    return [Seed(name, path.suffix, path.read_bytes()) for name, path in paths.items()]


def _tables(folder: Path) -> list[Seed]:
    """Return HDF5 files and MATLAB files of all layouts."""
    import test_hdf5
    import test_mat

    events = made()
    columns = test_hdf5.columns_of(events)
    paths = {
        "HDF5 ECF": test_hdf5.ecf(folder / "e.h5", events, pad=True),
        "HDF5 columns": test_hdf5.generic(folder / "f.h5", columns),
        "MATLAB matrix": test_mat.stored(folder, name="g.mat", events=test_mat.matrix(events)),
        "MATLAB structure": test_mat.stored(
            folder, compressed=False, name="h.mat", TD=test_mat.struct(events)
        ),
    }
    seeds = [Seed(name, path.suffix, path.read_bytes()) for name, path in paths.items()]
    return [replace(seed, data=_undated(paths[seed.name], seed.data)) for seed in seeds]


def _undated(path: Path, data: bytes) -> bytes:
    """Take out the time of writing, so that the files are the same in every run."""
    import h5py

    if path.suffix == ".mat":
        return b"MATLAB 5.0 MAT-file".ljust(116) + data[116:]
    with h5py.File(path) as file:
        group = file.get("CD", file)
        name = next(iter(group)).encode()
        written_s = h5py.h5g.get_objinfo(group.id, name).mtime
    return data.replace(struct.pack("<I", written_s), bytes(4)) if written_s else data


def _bags(folder: Path) -> list[Seed]:
    """Return ROS bags: two encodings, three containers, and a folder damaged in either file."""
    import test_rosbag as bags

    events = made()
    encoded = [bags.packet_message(bags.STORES[1], _evt3(), "evt3")]
    path = bags.bag1(folder / "i.bag", encoded, compression="lz4")
    seeds = [Seed("BAG packets lz4", ".bag", path.read_bytes())]
    for plugin, suffix in (("MCAP", ".mcap"), ("SQLITE3", ".db3")):
        messages = bags.arrays_of(events, bags.STORES[2], size=40)
        whole = bags.bag2(folder / plugin, messages, plugin)
        stored = next(whole.glob(f"*{suffix}"))
        data, about = stored.read_bytes(), (whole / "metadata.yaml").read_bytes()
        name = {".mcap": "ROS2", ".db3": "ROS2-DB3"}[suffix]
        seeds.append(Seed(name, suffix, data))
        beside = ((stored.name, data),)
        seeds.append(Seed(f"ROS2 folder {suffix}", "", about, beside, "metadata.yaml"))
    return seeds


def _evt3() -> bytes:
    from test_evt import evt3_words

    words, _, _ = evt3_words(COUNT, width=SENSOR.width, height=SENSOR.height)
    return words.tobytes()
