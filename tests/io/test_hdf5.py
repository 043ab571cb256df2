"""HDF5 recordings: layouts, filters, seeking, damage."""

from __future__ import annotations

import struct
from contextlib import closing

import numpy as np
import pytest

from eventvision.core import (
    EVENT_DTYPE,
    Events,
    FormatError,
    Packet,
    SensorSize,
    SourceNotFoundError,
)
from eventvision.io import open_writer
from eventvision.io._hdf5.source import Hdf5Source

h5py = pytest.importorskip("h5py")

CD_DTYPE = np.dtype(
    {
        "names": ["x", "y", "p", "t"],
        "formats": ["<u2", "<u2", "<i2", "<i8"],
        "offsets": [0, 2, 4, 8],
        "itemsize": 16,
    }
)
EDGE_DTYPE = np.dtype([("p", "<i2"), ("t", "<i8"), ("id", "<i2")], align=True)
ECF = 0x8ECF
CHUNK = 1000


def some_events(count=10_000, seed=0):
    random = np.random.default_rng(seed)
    events = np.zeros(count, EVENT_DTYPE)
    events["t"] = 1_000_000 + np.cumsum(random.integers(0, 30, count))
    events["x"], events["y"] = random.integers(0, 640, count), random.integers(0, 480, count)
    events["on"] = random.integers(0, 2, count)
    return events


EVENTS = some_events()


def columns_of(events, t="t", x="x", y="y", p="p"):
    return {t: events["t"], x: events["x"], y: events["y"], p: events["on"].astype("u1")}


def dsec(path, events, **options):
    relative = events["t"] - 900_000
    index = np.searchsorted(relative, np.arange(int(relative[-1]) // 1000 + 1) * 1000)
    with h5py.File(path, "w") as file:
        for name, column in columns_of(events).items():
            stored = relative.astype("<u4") if name == "t" else column
            file.create_dataset(f"events/{name}", data=stored, chunks=(CHUNK,), **options)
        file["t_offset"] = 900_000
        file["ms_to_idx"] = index.astype("<u8")
    return path


def generic(path, arrays, **attributes):
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array
        file.attrs.update(attributes)
    return path


def cd_table(events):
    table = np.zeros(events.size, CD_DTYPE)
    for name, field in (("t", "t"), ("x", "x"), ("y", "y"), ("p", "on")):
        table[name] = events[field]
    return table


def packed_chunk(events):
    """Return an ECF chunk that stores pixels as 24 bits each, its times one token an event."""
    out = bytearray(struct.pack("<Iq", events.size << 2 | 2, int(events["t"][0])))
    for step in np.diff(events["t"], prepend=events["t"][0]).tolist():
        rest = step
        while step >= 15 and rest:
            out.append(0xF0 | rest & 15)
            rest >>= 4
        out.append((0 if step >= 15 else step) << 4 | 1)
    fields = [int(y) << 12 | int(x) << 1 | int(on) for _, x, y, on in events.tolist()]
    fields += [0] * (-len(fields) % 4)
    for a, b, c, d in zip(*(fields[k::4] for k in range(4)), strict=True):
        words = a << 8 | b & 0xFF, b >> 8 << 16 | c & 0xFFFF, c >> 16 << 24 | d
        out += struct.pack("<3I", *words)
    return bytes(out)


def ecf(path, events, *, edges=None, spoil=None, pad=False):
    """Write what Prophesee's recorder writes; `spoil` changes chunks by number."""
    with h5py.File(path, "w") as file:
        settings = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        settings.set_chunk((CHUNK,))
        settings.set_filter(ECF, h5py.h5z.FLAG_OPTIONAL, ())
        space = h5py.h5s.create_simple((events.size,), (h5py.h5s.UNLIMITED,))
        group = file.create_group("CD")
        kind = h5py.h5t.py_create(CD_DTYPE)
        data = h5py.h5d.create(group.id, b"events", kind, space, settings)
        for number, at in enumerate(range(0, events.size, CHUNK)):
            part = events[at : at + CHUNK]
            if pad and part.size < CHUNK:
                part = np.concatenate([part, np.repeat(part[-1:], CHUNK - part.size)])
            raw = packed_chunk(part)
            data.write_direct_chunk((at,), (spoil or {}).get(number, bytes)(raw))
        file.attrs["geometry"] = "1280x720"
        file.attrs["serial_number"] = "00042"
        if edges is not None:
            file.create_dataset("EXT_TRIGGER/events", data=edges)
    return path


def read(source):
    parts = [packet.events.data for packet in source]
    return np.concatenate([np.empty(0, EVENT_DTYPE), *parts])


FILTERS = {
    "none": {},
    "gzip": {"compression": "gzip", "shuffle": True},
    "lzf": {"compression": "lzf"},
    "blosc zstd": "Blosc",
    "zstd": "Zstd",
}


@pytest.mark.parametrize("compression", FILTERS)
def test_dsec_files_are_read_through_any_usual_filter(tmp_path, compression):
    options = FILTERS[compression]
    if isinstance(options, str):
        options = {"compression": getattr(pytest.importorskip("hdf5plugin"), options)()}
    source = Hdf5Source(dsec(tmp_path / "a.h5", EVENTS, **options))
    assert np.array_equal(read(source), EVENTS)
    assert (source.info.format, source.info.sensor) == ("HDF5, DSEC layout", SensorSize(640, 480))
    assert source.info.sensor_from == "data"
    assert not source.damage
    assert source.progress == 1


LAYOUTS = {
    "plural": {f"events/{k}": v for k, v in columns_of(EVENTS, "ts", "xs", "ys", "ps").items()},
    "at the top": columns_of(EVENTS),
    "a camera's group": {f"prophesee/left/{k}": v for k, v in columns_of(EVENTS).items()},
    "signed": {f"events/{k}": v for k, v in columns_of(EVENTS).items()}
    | {"events/p": np.where(EVENTS["on"], 1, -1)},
    "seconds": {f"events/{k}": v for k, v in columns_of(EVENTS).items()}
    | {"events/t": EVENTS["t"] / 1e6},
    "stated unit": {f"events/{k}": v for k, v in columns_of(EVENTS, "t_us").items()},
    "table": {"events": cd_table(EVENTS)},
    "CD table": {"CD/events": cd_table(EVENTS)},
    "matrix": {"events": np.stack([EVENTS[k].astype("i8") for k in ("t", "x", "y", "on")], axis=1)},
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_usual_layouts_are_read(tmp_path, layout):
    source = Hdf5Source(generic(tmp_path / "a.h5", LAYOUTS[layout]))
    assert np.array_equal(read(source), EVENTS)
    assert source.info.sensor == SensorSize(640, 480)


SIZES = {
    "geometry": {"geometry": "1280x720"},
    "sides": {"width": 1280, "height": 720},
    "height first": {"sensor_resolution": (720, 1280)},
}


@pytest.mark.parametrize("case", SIZES)
def test_a_stated_size_is_used_and_a_given_one_overrides_it(tmp_path, case):
    path = generic(tmp_path / "a.h5", LAYOUTS["plural"], **SIZES[case])
    info = Hdf5Source(path).info
    assert (info.sensor, info.sensor_from) == (SensorSize(1280, 720), "header")
    info = Hdf5Source(path, sensor=SensorSize(800, 600)).info
    assert (info.sensor, info.sensor_from) == (SensorSize(800, 600), "user")


def test_of_several_groups_one_is_read_and_the_others_are_named(tmp_path):
    other = some_events(500, seed=9)
    arrays = {f"left/{k}": v for k, v in columns_of(EVENTS).items()}
    arrays |= {f"right/{k}": v for k, v in columns_of(other).items()}
    path = generic(tmp_path / "a.h5", arrays)
    source = Hdf5Source(path)
    assert np.array_equal(read(source), EVENTS)
    assert any("/right are left out" in note for note in source.info.notes)
    assert np.array_equal(read(Hdf5Source(path, group="/right")), other)


@pytest.mark.parametrize("count", [1, CHUNK, CHUNK + 1, 10_000])
@pytest.mark.parametrize("pad", [False, True])
def test_ecf_chunks_are_decoded_without_their_filter(tmp_path, count, pad):
    source = Hdf5Source(ecf(tmp_path / "a.hdf5", EVENTS[:count], pad=pad))
    assert np.array_equal(read(source), EVENTS[:count])
    assert (source.info.format, source.info.camera) == ("HDF5, Prophesee, ECF", "00042")
    assert source.info.sensor == SensorSize(1280, 720)
    assert not source.damage


def test_edges_of_external_signals_travel_with_the_events(tmp_path):
    edges = np.zeros(4, EDGE_DTYPE)
    edges["t"] = EVENTS["t"][[0, 5000, 9999, 9999]] + [0, 0, 0, 77]
    edges["p"], edges["id"] = [1, 0, 1, 0], 6
    source = Hdf5Source(ecf(tmp_path / "a.hdf5", EVENTS, edges=edges))
    packets = list(source)
    triggers = np.concatenate([packet.triggers for packet in packets])
    assert triggers["t"].tolist() == edges["t"].tolist()
    assert triggers["rising"].tolist() == [True, False, True, False]
    assert set(triggers["source"]) == {6}
    late = [
        p for p in packets if p.triggers.size and len(p) and p.triggers["t"][-1] > p.events.t[-1]
    ]
    assert not late


@pytest.mark.parametrize("write", [dsec, ecf])
@pytest.mark.parametrize("row", [0, 1, 999, 1000, 5431, 9999])
def test_seeking_starts_with_the_first_event_of_that_time(tmp_path, write, row):
    with Hdf5Source(write(tmp_path / "a.h5", EVENTS)) as source:
        for t_us in (int(EVENTS["t"][row]), int(EVENTS["t"][row]) + 1, 0):
            source.seek(t_us)
            assert np.array_equal(read(source), EVENTS[EVENTS["t"] >= t_us])
        source.seek(10**12)
        assert read(source).size == 0


def test_a_false_index_does_not_mislead_seeking(tmp_path):
    path = dsec(tmp_path / "a.h5", EVENTS)
    with h5py.File(path, "r+") as file:
        file["ms_to_idx"][...] = np.random.default_rng(1).integers(0, 9999, file["ms_to_idx"].shape)
    source = Hdf5Source(path)
    for row in range(0, 10_000, 977):
        source.seek(int(EVENTS["t"][row]))
        assert np.array_equal(read(source), EVENTS[EVENTS["t"] >= EVENTS["t"][row]])


SPOILT = {
    "shortened": lambda raw: raw[: len(raw) // 2],
    "absurd count": lambda raw: b"\xff\xff\xff\xff" + raw[4:],
    "too few events": lambda raw: packed_chunk(EVENTS[:10]),
    "one byte": lambda raw: raw[:1],
}


@pytest.mark.parametrize("case", SPOILT)
def test_a_damaged_ecf_chunk_costs_only_its_events(tmp_path, case):
    path = ecf(tmp_path / "a.hdf5", EVENTS, spoil={3: SPOILT[case]})
    source = Hdf5Source(path)
    expected = np.concatenate([EVENTS[:3000], EVENTS[4000:]])
    assert np.array_equal(read(source), expected)
    assert source.damage.kinds == {"corrupt-block": 1}
    assert source.damage.events_skipped == 1000
    source.seek(int(EVENTS["t"][3500]))
    assert np.array_equal(read(source), expected[expected["t"] >= EVENTS["t"][3500]])


def test_a_chunk_that_claims_more_than_the_file_has_is_not_made_room_for(tmp_path):
    path = ecf(tmp_path / "a.hdf5", EVENTS)
    content = path.read_bytes()
    with h5py.File(path) as file:
        chunk = file["CD/events"].id.get_chunk_info_by_coord((3000,))
    stored = struct.pack("<IIQ", chunk.size, chunk.filter_mask, 3000)
    assert content.count(stored) == 1
    path.write_bytes(content.replace(stored, b"\xff\xff\xff\xff" + stored[4:]))
    source = Hdf5Source(path)
    assert np.array_equal(read(source), np.concatenate([EVENTS[:3000], EVENTS[4000:]]))
    assert "claims 4294967295 bytes" in str(source.damage)


@pytest.mark.parametrize(("name", "lost"), [("events/x", len(EVENTS)), ("ms_to_idx", 0)])
def test_a_chunk_stored_in_no_bytes_is_damage_and_not_a_crash(tmp_path, name, lost):
    path, sensor = tmp_path / "a.h5", SensorSize(1280, 720)
    with closing(open_writer(path, sensor)) as writer:
        writer.write(Packet(Events(EVENTS, sensor)))
    with h5py.File(path) as file:
        chunk = file[name].id.get_chunk_info_by_coord((0,))
    content = path.read_bytes()
    place = struct.pack("<QQQ", 0, 0, chunk.byte_offset)
    stored = struct.pack("<II", chunk.size, chunk.filter_mask) + place
    assert content.count(stored) == 1
    path.write_bytes(content.replace(stored, bytes(len(stored))))
    source = Hdf5Source(path)
    source.seek(int(EVENTS["t"][100]))
    found = read(source)
    assert found.size == (0 if lost else len(EVENTS) - 100)
    assert source.damage.events_skipped == lost


def test_a_flipped_bit_is_found_by_the_checksum_and_costs_one_block(tmp_path):
    events = some_events(200_000)
    path = generic(tmp_path / "a.h5", {})
    with h5py.File(path, "w") as file:
        for name, column in columns_of(events).items():
            file.create_dataset(
                f"events/{name}", data=column, chunks=(65_536,), compression="gzip", fletcher32=True
            )
        place = file["events/x"].id.get_chunk_info(1).byte_offset
    content = bytearray(path.read_bytes())
    content[place + 5000] ^= 1
    path.write_bytes(content)
    source = Hdf5Source(path)
    assert np.array_equal(read(source), np.concatenate([events[:65_536], events[131_072:]]))
    assert source.damage.events_skipped == 65_536


def test_damage_costs_no_more_than_the_chunks_that_it_hit(tmp_path):
    path = dsec(tmp_path / "a.h5", EVENTS, compression="gzip", fletcher32=True)
    with h5py.File(path) as file:
        places = [file[f"events/{name}"].id.get_chunk_info(4).byte_offset for name in "tx"]
    content = bytearray(path.read_bytes())
    for place in places:
        content[place + 50] ^= 1
    path.write_bytes(content)
    source = Hdf5Source(path)
    assert np.array_equal(read(source), np.concatenate([EVENTS[:4000], EVENTS[5000:]]))
    assert source.damage.kinds == {"corrupt-block": 1}


def test_columns_of_unequal_length_are_read_as_far_as_all_go(tmp_path):
    arrays = {f"events/{k}": v for k, v in columns_of(EVENTS).items()}
    source = Hdf5Source(generic(tmp_path / "a.h5", arrays | {"events/y": EVENTS["y"][:6000]}))
    assert np.array_equal(read(source), EVENTS[:6000])
    assert source.damage.kinds == {"truncated": 1}
    assert source.damage.events_skipped == 4000


def test_a_promise_of_very_many_events_costs_no_time(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        for name, column in columns_of(EVENTS).items():
            data = file.create_dataset(
                f"events/{name}", data=column, chunks=(10_000,), maxshape=(None,)
            )
            data.resize((1 << 50,))
    source = Hdf5Source(path)
    assert np.array_equal(read(source), EVENTS)
    assert source.damage.events_skipped == (1 << 50) - EVENTS.size


@pytest.mark.parametrize("share", [0.0005, 0.01, 0.3, 0.7, 0.999])
def test_a_cut_file_is_refused(tmp_path, share):
    path = dsec(tmp_path / "a.h5", EVENTS)
    content = path.read_bytes()
    path.write_bytes(content[: max(9, int(len(content) * share))])
    with pytest.raises(FormatError, match="cannot be opened as HDF5"):
        Hdf5Source(path)


def test_flipped_bytes_never_break_the_reader(tmp_path):
    random = np.random.default_rng(5)
    path = dsec(tmp_path / "a.h5", EVENTS[:3000], compression="gzip")
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    for _ in range(150):
        content = whole.copy()
        content[random.integers(8, whole.size, 4)] ^= random.integers(1, 255, 4).astype(np.uint8)
        path.write_bytes(content.tobytes())
        try:
            found = read(Hdf5Source(path))
        except FormatError:
            continue
        assert found.size <= 3000 + 64
        assert (np.diff(found["t"]) >= 0).all()


def test_a_damaged_heap_of_texts_is_not_walked(tmp_path):
    path = ecf(tmp_path / "a.hdf5", EVENTS)
    content = bytearray(path.read_bytes())
    at = content.index(b"GCOL") + 16
    while content[at : at + 2] != b"\0\0":
        at += 16 + -(-int.from_bytes(content[at + 8 : at + 16], "little") // 8) * 8
    content[at + 8 : at + 16] = bytes(8)
    path.write_bytes(content)
    source = Hdf5Source(path)
    assert (source.info.sensor, source.info.sensor_from) == (SensorSize(640, 480), "data")
    assert np.array_equal(read(source), EVENTS)


def test_text_that_damage_made_a_list_is_not_read(tmp_path):
    path = ecf(tmp_path / "a.hdf5", EVENTS)
    content = bytearray(path.read_bytes())
    at = content.index(b"geometry\0") + 16
    assert content[at : at + 2] == b"\x19\x01"
    content[at + 1] = 3
    path.write_bytes(content)
    source = Hdf5Source(path)
    assert (source.info.sensor, source.info.sensor_from) == (SensorSize(640, 480), "data")
    assert np.array_equal(read(source), EVENTS)


@pytest.mark.parametrize("name", ["width", "sensor_resolution"])
def test_a_size_that_is_neither_numbers_nor_text_is_not_read(tmp_path, name):
    path = generic(tmp_path / "a.h5", LAYOUTS["plural"])
    with h5py.File(path, "a") as file:
        file.attrs.create(name, np.array([file.ref], h5py.ref_dtype))
    assert Hdf5Source(path).info.sensor_from == "data"


def test_events_of_varied_length_are_refused(tmp_path):
    lists = np.empty(3, object)
    lists[:] = [np.arange(2), np.arange(3), np.arange(4)]
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        for name in ("t", "x", "y", "p"):
            file.create_dataset(f"events/{name}", data=lists, dtype=h5py.vlen_dtype(np.int64))
    with pytest.raises(FormatError):
        read(Hdf5Source(path))


@pytest.mark.parametrize("name", ["t_offset", "EXT_TRIGGER/events", "ms_to_idx"])
def test_a_type_in_the_place_of_a_dataset_is_not_read(tmp_path, name):
    path = generic(tmp_path / "a.h5", LAYOUTS["plural"])
    with h5py.File(path, "a") as file:
        file[name] = np.dtype(np.int64)
    assert np.array_equal(
        read(Hdf5Source(path)), read(Hdf5Source(generic(tmp_path / "b.h5", LAYOUTS["plural"])))
    )


def test_files_beside_the_recording_are_not_opened(tmp_path):
    generic(tmp_path / "other.h5", LAYOUTS["plural"])
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["events"] = h5py.ExternalLink("other.h5", "/events")
    with pytest.raises(FormatError, match="holds no events"):
        Hdf5Source(path)


def test_a_file_without_events_is_refused_and_says_what_it_holds(tmp_path):
    with pytest.raises(FormatError, match="found images float64"):
        Hdf5Source(generic(tmp_path / "a.h5", {"images": np.zeros((2, 3, 3))}))


def test_no_events_and_no_size_is_refused(tmp_path):
    with pytest.raises(FormatError, match="sensor size is unknown"):
        Hdf5Source(generic(tmp_path / "a.h5", columns_of(EVENTS[:0])))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SourceNotFoundError):
        Hdf5Source(tmp_path / "a.h5")


def test_an_unknown_filter_is_named(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        for name, column in columns_of(EVENTS[:10]).items():
            settings = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            settings.set_chunk((10,))
            settings.set_filter(60_000, h5py.h5z.FLAG_OPTIONAL, ())
            space = h5py.h5s.create_simple((10,))
            data = h5py.h5d.create(
                file.id, name.encode(), h5py.h5t.py_create(column.dtype), space, settings
            )
            data.write_direct_chunk((0,), column.tobytes())
    with pytest.raises(FormatError, match="HDF5 filter 60000"):
        Hdf5Source(path)
