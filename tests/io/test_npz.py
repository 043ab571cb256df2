"""NumPy recordings: layouts, units, collections, damage."""

from __future__ import annotations

import contextlib
import io
import zipfile

import numpy as np
import pytest

from eventvision.core import EVENT_DTYPE, ConfigError, FormatError, SensorSize
from eventvision.io import NpzSource, open_source


def some_events(count=1000, seed=0):
    random = np.random.default_rng(seed)
    events = np.zeros(count, EVENT_DTYPE)
    events["t"] = 1_000_000 + np.cumsum(random.integers(0, 300, count))
    events["x"], events["y"] = random.integers(0, 346, count), random.integers(0, 260, count)
    events["on"] = random.integers(0, 2, count)
    return events


def columns_of(events, polarity="p", **names):
    return {names.get(name, name): events[name].copy() for name in "txy"} | {
        polarity: events["on"].copy()
    }


def matrix_of(events, order="txyp"):
    names = {"p": "on"}
    return np.stack([events[names.get(role, role)].astype(np.int64) for role in order], axis=1)


def packed(events):
    out = np.empty(events.size, [("x", "<u2"), ("y", "<u2"), ("on", "i1"), ("t", "<i8")])
    for name in out.dtype.names:
        out[name] = events[name]
    return out


def saved(folder, name="events.npz", *, save=np.savez, **arrays):
    path = folder / name
    save(path, **arrays)
    return path


def saved_array(folder, array, name="events.npy"):
    path = folder / name
    np.save(path, array)
    return path


def read(source):
    parts = [packet.events.data for packet in source]
    return np.concatenate(parts) if parts else np.empty(0, EVENT_DTYPE)


EVENTS = some_events()
SIGNED = np.where(EVENTS["on"], 1, -1).astype(np.int8)
ARCHIVES = {
    "t x y on": columns_of(EVENTS, "on"),
    "t x y p": columns_of(EVENTS, "p"),
    "signed polarity": columns_of(EVENTS) | {"p": SIGNED},
    "plural names": columns_of(EVENTS, "ps", t="ts", x="xs", y="ys"),
    "long names": columns_of(EVENTS, "polarity", t="timestamps"),
    "structured": {"events": EVENTS},
    "packed structure": {"events": packed(EVENTS)},
    "matrix": {"events": matrix_of(EVENTS)},
    "matrix x y p t": {"anything": matrix_of(EVENTS, "xypt")},
    "columns of floats": {k: v.astype(float) for k, v in columns_of(EVENTS).items()},
}  # fmt: skip


@pytest.mark.parametrize("layout", ARCHIVES)
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_usual_archives_are_read(tmp_path, layout, save):
    source = NpzSource(saved(tmp_path, save=save, **ARCHIVES[layout]))
    assert np.array_equal(read(source), EVENTS)
    assert (source.info.format, source.info.sensor) == ("NPZ", SensorSize(346, 260))
    assert source.info.sensor_from == "data"
    assert not source.damage
    assert source.progress == 1.0


ARRAYS = {
    "structured": EVENTS,
    "rows": matrix_of(EVENTS),
    "columns": np.asfortranarray(matrix_of(EVENTS)),
    "transposed": matrix_of(EVENTS).T.copy(),
    "floats": matrix_of(EVENTS).astype(float),
    "big-endian": matrix_of(EVENTS).astype(">i8"),
    "x y t p": matrix_of(EVENTS, "xytp"),
}


@pytest.mark.parametrize("layout", ARRAYS)
def test_usual_arrays_are_read(tmp_path, layout):
    source = NpzSource(saved_array(tmp_path, ARRAYS[layout]))
    assert np.array_equal(read(source), EVENTS)
    assert source.info.format == "NPY"


@pytest.mark.parametrize(
    ("times", "unit"),
    [
        (EVENTS["t"] / 1e6, "s"),
        (EVENTS["t"] / 1e6 + 1.7e9, "s"),
        (EVENTS["t"].astype(np.uint64), "us"),
        (EVENTS["t"] * 1000, "ns"),
        (EVENTS["t"] * 1000 + 1_700_000_000_000_000_123, "ns"),
    ],
)
def test_time_units_are_judged_by_the_values_and_said(tmp_path, times, unit):
    source = NpzSource(saved(tmp_path, **columns_of(EVENTS) | {"t": times}))
    t = read(source)["t"]
    assert np.array_equal(t - t[0], EVENTS["t"] - EVENTS["t"][0])
    assert f"Times taken as {unit}," in " ".join(source.info.notes)


def test_seconds_are_rounded_not_truncated(tmp_path):
    t = np.array([0.1234567, 0.123456999999, 0.29, 1.001001])
    columns = {"t": t, "x": [1, 2, 3, 4], "y": [1, 2, 3, 4], "p": [1, 0, 1, 0]}
    source = NpzSource(saved(tmp_path, **columns))
    assert read(source)["t"].tolist() == [123_457, 123_457, 290_000, 1_001_001]


def test_a_column_name_may_state_the_unit(tmp_path):
    columns = columns_of(EVENTS, t="t_ms")
    assert read(NpzSource(saved(tmp_path, **columns)))["t"][0] == EVENTS["t"][0] * 1000


def test_given_columns_and_unit_are_obeyed(tmp_path):
    path = saved_array(tmp_path, np.array([[1, 5, 6, 7], [0, 8, 9, 10]]))
    source = NpzSource(path, columns="pxyt", time_unit="ms")
    assert read(source).tolist() == [(7000, 5, 6, True), (10_000, 8, 9, False)]
    with pytest.raises(ConfigError, match="columns"):
        NpzSource(path, columns="pxyz")


@pytest.mark.parametrize(
    "stored",
    [{"sensor": [640, 480]}, {"resolution": np.array([640, 480])}, {"width": 640, "height": 480}],
)
def test_a_stored_sensor_size_is_used_unless_one_is_given(tmp_path, stored):
    path = saved(tmp_path, **columns_of(EVENTS), **stored)
    info = NpzSource(path).info
    assert (info.sensor, info.sensor_from) == (SensorSize(640, 480), "header")
    info = NpzSource(path, sensor=SensorSize(1280, 720)).info
    assert (info.sensor, info.sensor_from) == (SensorSize(1280, 720), "user")


@pytest.mark.parametrize("packet_events", [1, 77, 100_000])
def test_the_packet_size_changes_nothing_but_packets(tmp_path, packet_events):
    path = saved(tmp_path, save=np.savez_compressed, **columns_of(EVENTS))
    source = NpzSource(path, packet_events=packet_events)
    assert max(len(packet) for packet in source) <= packet_events + 64
    assert np.array_equal(read(source), EVENTS)


@pytest.mark.parametrize("t_us", [-1, 0, 1_050_000, 10**12])
def test_seeking_gives_the_events_from_that_time_on(tmp_path, t_us):
    source = NpzSource(saved(tmp_path, **columns_of(EVENTS)), packet_events=100)
    source.seek(t_us)
    assert np.array_equal(read(source), EVENTS[EVENTS["t"] >= t_us])


def collection(folder, lengths=(300, 0, 500, 200), **more):
    """Samples that all begin near time 0, and their events."""
    samples = [some_events(length, seed) for seed, length in enumerate(lengths)]
    for sample in samples:
        sample["t"] -= 1_000_000
    offsets = np.cumsum([0, *lengths])
    arrays = columns_of(np.concatenate(samples)) | {"offsets": offsets, **more}
    return saved(folder, **arrays, sensor=[346, 260]), samples


@pytest.mark.parametrize("packet_events", [1, 7, 300, 10_000])
def test_a_collection_is_laid_end_to_end(tmp_path, packet_events):
    path, samples = collection(tmp_path)
    source = NpzSource(path, packet_events=packet_events)
    events, at, previous_us = read(source), 0, None
    for sample in (sample for sample in samples if sample.size):
        part = events[at : at + sample.size]
        assert np.array_equal(np.diff(part["t"]), np.diff(sample["t"]))
        assert np.array_equal(part["x"], sample["x"])
        assert part["t"][0] - (previous_us or 0) == (100_000 if at else sample["t"][0])
        at, previous_us = at + sample.size, part["t"][-1]
    assert at == events.size
    assert not source.damage
    assert "4 samples laid end to end, 100 ms apart; #N opens sample N." in source.info.notes


def test_one_sample_of_a_collection_is_opened_by_its_number(tmp_path):
    path, samples = collection(tmp_path, label=np.array([5, 6, 7, 8]))
    source = open_source(f"{path}#2")
    assert np.array_equal(read(source), samples[2])
    assert source.info.name == f"{path}#2"
    assert "Sample 2 of 4, label 7." in source.info.notes
    assert source.progress == 1.0


def test_a_sample_that_is_not_there_is_refused(tmp_path):
    path, _ = collection(tmp_path)
    with pytest.raises(FormatError, match="no sample 4; choose one of 0 to 3"):
        open_source(f"{path}#4")
    plain = saved(tmp_path, "plain.npz", **columns_of(EVENTS))
    with pytest.raises(FormatError, match="no numbered samples"):
        open_source(f"{plain}#0")


@pytest.mark.parametrize("offsets", [[0, 500, 300, 1000], [-1, 1000], [0, 2000], [0.5, 1.5], [[0]]])
def test_offsets_that_make_no_sense_are_refused(tmp_path, offsets):
    path = saved(tmp_path, **columns_of(EVENTS), offsets=np.array(offsets))
    with pytest.raises(FormatError, match="offsets"):
        NpzSource(path)


BAD_ARRAYS = {
    "no events": ({"weights": np.zeros((3, 3))}, "holds no events"),
    "a missing column": ({"t": EVENTS["t"], "x": EVENTS["x"], "y": EVENTS["y"]}, "no events"),
    "columns of several lengths": (columns_of(EVENTS) | {"x": [1, 2]}, "differ in length"),
    "a column of texts": (columns_of(EVENTS) | {"p": np.full(1000, "on")}, "not a row of numbers"),
    "no polarity": ({"a": np.arange(40).reshape(10, 4)}, "does not look like"),
    "pixels beyond any sensor": (columns_of(EVENTS) | {"x": EVENTS["x"] + 40_000}, "sensor size"),
}


@pytest.mark.parametrize("case", BAD_ARRAYS)
def test_what_cannot_be_events_is_refused(tmp_path, case):
    arrays, problem = BAD_ARRAYS[case]
    path = saved(tmp_path, **arrays)
    with pytest.raises(FormatError, match=problem) as caught:
        NpzSource(path)
    assert str(path) in str(caught.value)


def test_pickled_objects_are_never_loaded(tmp_path):
    path = tmp_path / "events.npz"
    np.savez(path, **columns_of(EVENTS) | {"t": np.array([{}] * 1000, object)})
    with pytest.raises(FormatError, match="not safe"):
        NpzSource(path)


def header(shape, dtype="'<i8'", version=1):
    text = f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}}}".encode().ljust(117)
    return b"\x93NUMPY" + bytes([version, 0]) + (118).to_bytes(2, "little") + text + b"\n"


@pytest.mark.parametrize(
    "head",
    [
        header("(1000000000000000, 4)"),
        header("(-5, 4)"),
        header("(10, 4)", version=9),
        header("(10, 4)", "'<V99999999'"),
        header("(10, 4)", "__import__('os')"),
        b"\x93NUMPY\x02\x00\xff\xff\xff\x7f",
        b"\x93NUMPY",
    ],
)
def test_absurd_headers_neither_allocate_nor_run_anything(tmp_path, head):
    path = tmp_path / "events.npy"
    path.write_bytes(head)
    with pytest.raises(FormatError, match=r"events\.npy"):
        read(NpzSource(path))


def test_a_cut_array_gives_the_events_that_are_there(tmp_path):
    path = saved_array(tmp_path, matrix_of(EVENTS))
    path.write_bytes(path.read_bytes()[: 128 + 32 * 400 + 5])
    source = NpzSource(path)
    assert np.array_equal(read(source), EVENTS[:400])
    assert (source.damage.kinds, source.damage.events_skipped) == ({"truncated": 1}, 600)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_cut_archive_gives_the_events_whose_columns_are_all_there(tmp_path, save):
    events = some_events(30_000)
    path = saved(tmp_path, save=save, sensor=[346, 260], **columns_of(events))
    with zipfile.ZipFile(path) as archive:
        last = archive.getinfo("p.npy")
        start = last.header_offset + 30 + len(last.filename) + 20
    whole = path.read_bytes()
    kept = {}
    for share in (0.3, 0.7, 1.0):
        path.write_bytes(whole[: start + round(share * last.compress_size)])
        source = NpzSource(path)
        found = read(source)
        assert source.info.sensor == SensorSize(346, 260)
        assert np.array_equal(found, events[: found.size])
        assert source.damage.events_skipped == events.size - found.size
        assert source.damage.kinds["no-directory"] == 1
        kept[share] = found.size
    assert kept[1.0] == events.size
    for share in (0.3, 0.7):
        assert kept[share] == pytest.approx(share * events.size, rel=0.15)


def test_every_cut_of_an_archive_gives_a_prefix_or_one_error(tmp_path):
    events = some_events(50)
    path = saved(tmp_path, sensor=[346, 260], **columns_of(events))
    whole, sizes = path.read_bytes(), set()
    for length in range(1, len(whole), 7):
        path.write_bytes(whole[:length])
        with contextlib.suppress(FormatError):
            source = NpzSource(path)
            found = read(source)
            assert np.array_equal(found, events[: found.size])
            assert source.damage
            sizes.add(found.size)
    assert len(sizes) > 5
    assert max(sizes) == 50


def test_an_archive_that_a_killed_writer_left_gives_what_it_holds(tmp_path):
    path = saved(tmp_path, sensor=[346, 260], **columns_of(EVENTS))
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        last = archive.getinfo("p.npy").header_offset
    sizes = last + 30 + len("p.npy") + 4
    data[sizes : sizes + 16] = bytes(16)
    path.write_bytes(data[: last + 55 + 128 + 600])
    source = NpzSource(path)
    assert np.array_equal(read(source), EVENTS[:600])
    assert source.damage.events_skipped == 400


def test_a_damaged_directory_costs_no_event(tmp_path):
    path = saved(tmp_path, sensor=[346, 260], **columns_of(EVENTS))
    data = path.read_bytes()
    at = data.index(b"PK\x01\x02")
    path.write_bytes(data[:at] + b"????" + data[at + 4 :])
    source = NpzSource(path)
    assert np.array_equal(read(source), EVENTS)
    assert source.damage.kinds == {"no-directory": 1}


def test_an_archive_cut_before_its_last_column_says_what_is_left(tmp_path):
    path = saved(tmp_path, sensor=[346, 260], **columns_of(EVENTS))
    path.write_bytes(path.read_bytes()[:6000])
    with pytest.raises(FormatError, match=r"is cut or damaged.*of what is left.*t int64"):
        NpzSource(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_damaged_member_gives_the_events_before_it(tmp_path, method):
    events = some_events(200_000)
    path = tmp_path / "events.npz"
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, column in columns_of(events).items():
            stream = io.BytesIO()
            np.save(stream, column)
            archive.writestr(f"{name}.npy", stream.getvalue())
        last = archive.getinfo("p.npy")
    data = bytearray(path.read_bytes())
    middle = last.header_offset + last.compress_size * 3 // 4
    data[middle : middle + 40] = bytes(40)
    path.write_bytes(data)
    source = NpzSource(path, sensor=SensorSize(346, 260), packet_events=1000)
    read_events = read(source)
    assert source.damage.kinds == {"corrupt-block": 1}
    assert 100_000 < read_events.size < events.size
    assert np.array_equal(read_events["t"], events["t"][: read_events.size])
    assert source.damage.events_skipped == events.size - read_events.size


def test_coordinates_that_no_sensor_has_are_dropped_and_counted(tmp_path):
    columns = {"t": [1, 2, 3, 4], "x": [-1, 70_000, 5, 6], "y": [1, 1, 2, 3], "p": [1, 1, 1, 1]}
    source = NpzSource(saved(tmp_path, **columns, sensor=[10, 10]))
    assert read(source)["x"].tolist() == [5, 6]
    assert source.damage.events_skipped == 2


def test_times_that_are_no_numbers_are_dropped_and_counted(tmp_path):
    columns = {"t": [0.5, np.nan, np.inf, 0.75], "x": [1] * 4, "y": [1] * 4, "p": [1] * 4}
    source = NpzSource(saved(tmp_path, **columns))
    assert read(source)["t"].tolist() == [500_000, 750_000]
    assert source.damage.events_skipped == 2


def test_no_events_at_all_are_no_error_where_the_size_is_known(tmp_path):
    source = NpzSource(saved(tmp_path, t=[], x=[], y=[], p=[], sensor=[10, 10]))
    assert read(source).size == 0
    assert not source.damage
