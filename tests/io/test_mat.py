"""MATLAB: matrices and structures of events, grey levels, selection, damage."""

from __future__ import annotations

import contextlib
import io
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import loadmat, savemat

from eventvision.core import EVENT_DTYPE, Events, FormatError, SensorSize
from eventvision.io._mat.source import MatSource


def made(count, seed=0, side=128):
    random = np.random.default_rng(seed)
    events = np.zeros(count, EVENT_DTYPE)
    events["t"] = np.cumsum(random.integers(0, 60, count))
    events["x"], events["y"] = random.integers(0, side, (2, count))
    events["on"] = random.integers(0, 2, count)
    return events


def matrix(events, *, first_pixel=1, off=-1):
    polarity = np.where(events["on"], 1, off)
    x, y = (events[name].astype(np.int64) + first_pixel for name in ("x", "y"))
    return np.stack([x, y, polarity, events["t"]], axis=1).astype(np.float64)


def struct(events):
    columns = (events["x"] + 1, events["y"] + 1, events["on"].astype(np.uint8), events["t"])
    named = zip(("x", "y", "p", "ts"), columns, strict=True)
    return {name: column[:, None] for name, column in named}


def stored(folder, *, compressed=True, name="test.mat", **variables):
    path = folder / name
    savemat(path, variables, do_compression=compressed)
    return path


def read(source):
    return np.concatenate([np.empty(0, EVENT_DTYPE), *(packet.events.data for packet in source)])


@pytest.mark.parametrize(
    "name", ["garfield_dvs128", "car_atis_with_grey_levels", "boxes_translating_oracle"]
)
def test_real_recordings_give_the_events_of_the_manifest(shared_recordings, name):
    manifest = json.loads((shared_recordings / "manifest.json").read_text())
    truth = next(entry for entry in manifest if entry["file"] == f"mat/{name}.mat")
    source = MatSource(shared_recordings / truth["file"])
    events = read(source)
    assert len(events) == truth["events"]
    if truth["duration_s"] is not None:
        assert int(events["t"][-1] - events["t"][0]) == round(truth["duration_s"] * 1e6)
    assert source.info.sensor == SensorSize(truth["width"], truth["height"])
    assert not source.damage


def test_reading_agrees_with_another_reader(shared_recordings):
    path = shared_recordings / "mat/boxes_translating_oracle.mat"
    x, y, p, t = loadmat(path)["trans_boxes_real"].astype(np.int64).T
    for sample in ("trans_boxes_real", 4):
        events = read(MatSource(path, sample=sample))
        assert np.array_equal(events["t"], t)
        assert np.array_equal(events["x"], x)
        assert np.array_equal(events["y"], y)
        assert np.array_equal(events["on"], p > 0)


def test_the_sunlit_road_is_brighter_than_the_shade(shared_recordings):
    source = MatSource(shared_recordings / "mat/car_atis_with_grey_levels.mat")
    frames = [frame for packet in source for frame in packet.frames]
    assert [frame.t_us for frame in frames] == list(range(40_000, 2_999_000, 40_000))
    last = frames[-1].pixels
    assert last.shape == (240, 304)
    road, dark_ground = last[155:180, 60:120], last[200:235, 60:240]
    assert np.median(road) > np.median(dark_ground) + 60
    assert any("Exposure measurements (EM)" in note for note in source.info.notes)


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("layout", ["matrix", "struct", "columns", "row-struct"])
def test_every_layout_gives_the_same_events(tmp_path, compressed, layout):
    events = made(3000)
    fields = struct(events)
    variables = {
        "matrix": {"events": matrix(events)},
        "struct": {"TD": fields},
        "row-struct": {"TD": {name: column.T for name, column in fields.items()}},
        "columns": {"recording": fields, "label": np.array([[3]]), "text": "a car"},
    }[layout]
    source = MatSource(stored(tmp_path, compressed=compressed, **variables))
    assert source.info.format == "MATLAB"
    assert source.info.sensor == SensorSize(128, 128)
    assert np.array_equal(read(source), events)
    assert not source.damage


@pytest.mark.parametrize("first_pixel", [0, 1])
def test_pixels_count_from_one_unless_one_of_them_is_zero(tmp_path, first_pixel):
    events = made(3000)
    source = MatSource(stored(tmp_path, events=matrix(events, first_pixel=first_pixel, off=0)))
    assert np.array_equal(read(source), events)
    assert any(f"Pixels count from {first_pixel};" in note for note in source.info.notes)


def test_several_recordings_are_laid_end_to_end_without_computed_ones(tmp_path):
    one, two = made(500, seed=1), made(700, seed=2)
    drawn = np.stack([*np.indices((20, 20)).reshape(2, -1) + 1, np.ones(400)], axis=1)
    drawn = np.hstack([drawn, np.repeat(np.arange(1, 11) * 5000, 40)[:, None]])
    path = stored(tmp_path, first=matrix(one), bars=drawn, second=matrix(two))
    source = MatSource(path)
    found = read(source)
    assert len(found) == 1200
    assert found["t"][500] - found["t"][499] == 100_000
    assert any("bars" in note and "Left out" in note for note in source.info.notes)
    assert np.array_equal(read(MatSource(path, sample="second")), two)
    assert len(read(MatSource(path, sample="bars"))) == 400
    with pytest.raises(FormatError, match="no recording third; choose one of first, bars, second"):
        MatSource(path, sample="third")


def test_times_in_seconds_are_rounded_to_microseconds(tmp_path):
    events = made(2000)
    table = matrix(events)
    table[:, 3] /= 1e6
    assert np.array_equal(read(MatSource(stored(tmp_path, events=table))), events)


def test_grey_levels_follow_exposure_times(tmp_path):
    rows = []
    for start in range(0, 200_000, 10_000):
        for x, y, took in ((1, 1, 100), (2, 1, 1000), (3, 2, 5000)):
            rows += [(start, x, y, 0), (start + took, x, y, 1)]
    t, x, y, p = (np.array(column)[:, None] for column in zip(*sorted(rows), strict=True))
    events = made(5000, side=34)
    path = stored(tmp_path, TD=struct(events), EM={"x": x, "y": y, "ts": t, "p": p})
    source = MatSource(path)
    frames = [frame for packet in source for frame in packet.frames]
    assert [frame.t_us for frame in frames] == [40_000, 80_000, 120_000, 160_000]
    bright, middle, dark = (int(frames[0].pixels[at]) for at in ((0, 0), (0, 1), (1, 2)))
    assert bright == 255
    assert dark == 0
    assert middle == pytest.approx(255 * np.log(5) / np.log(50), abs=8)
    assert not frames[0].pixels[5:].any()
    source.seek(100_000)
    assert [frame.t_us for packet in source for frame in packet.frames] == [120_000, 160_000]


def test_seeking_gives_what_reading_on_would_have_given(tmp_path):
    events = made(200_000)
    source = MatSource(stored(tmp_path, events=matrix(events)))
    for t_us in (3_000_000, 0, 10**9):
        source.seek(t_us)
        assert np.array_equal(read(source), events[np.searchsorted(events["t"], t_us) :])


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"MATLAB 7.3 MAT-file".ljust(128), "MATLAB version 7.3"),
        (b"MATLAB 5.0 MAT-file".ljust(128), "MATLAB 5 header"),
        (b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM", "nothing that can be read"),
    ],
)
def test_what_holds_no_variables_is_refused(tmp_path, content, problem):
    path = tmp_path / "test.mat"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=problem):
        MatSource(path)


def test_variables_that_are_no_events_are_refused(tmp_path):
    with pytest.raises(FormatError, match="holds no events"):
        MatSource(stored(tmp_path, image=np.zeros((7, 9)), name="x.mat"))


@pytest.mark.parametrize("compressed", [True, False])
def test_what_comes_before_a_cut_is_read_and_the_rest_counted(tmp_path, compressed):
    events = made(300_000)
    path = stored(tmp_path, compressed=compressed, events=matrix(events))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * 0.95)])
    source = MatSource(path)
    found = read(source)
    assert 65_536 <= len(found) < 300_000
    assert np.array_equal(found, events[: len(found)])
    assert source.damage.events_skipped == 300_000 - len(found)


def test_a_false_size_never_costs_memory(tmp_path):
    path = stored(tmp_path, compressed=False, events=matrix(made(100)))
    content = bytearray(path.read_bytes())
    at = content.index(np.array([100, 4], "<i4").tobytes())
    content[at : at + 8] = np.array([2**31 - 1, 4], "<i4").tobytes()
    path.write_bytes(content)
    with pytest.raises(FormatError, match="nothing that can be read"):
        MatSource(path)


TINY = io.BytesIO()
savemat(TINY, {"TD": struct(made(40)), "EM": struct(made(40)), "events": matrix(made(20))})


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What the small file holds."""
    path = tmp_path_factory.mktemp("whole") / "test.mat"
    path.write_bytes(TINY.getvalue())
    return read(MatSource(path))


@settings(max_examples=120, deadline=None)
@given(
    edits=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=6),
    keep=st.integers(1, 20_000),
)
def test_damage_is_refused_or_gives_events_that_were_stored(tmp_path_factory, whole, edits, keep):
    content = bytearray(TINY.getvalue()[:keep])
    for at, value in edits:
        content[at % len(content)] = value
    path = tmp_path_factory.mktemp("damage") / "test.mat"
    path.write_bytes(content)
    changed = bytes(content) != TINY.getvalue()
    with contextlib.suppress(FormatError):
        source = MatSource(path)
        found = read(source)
        Events(found, source.info.sensor).check_order()
        assert found.size <= 60
        if not edits:
            assert np.array_equal(found, whole[: found.size])
        if not changed:
            assert found.size == 60
