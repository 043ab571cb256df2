"""What each representation shows, and how it treats the arrays that it is given."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from eventvision.core import Events, SensorSize, Slice
from eventvision.representations import Accumulation, PolarityHistogram, TimeSurface, VoxelGrid

SENSOR = SensorSize(30, 20)
MAKERS = {
    "histogram": lambda: PolarityHistogram(SENSOR),
    "voxel": lambda: VoxelGrid(SENSOR, bins=5),
    "single-voxel": lambda: VoxelGrid(SENSOR, bins=1),
    "surface": lambda: TimeSurface(SENSOR, tau_us=400),
    "accumulation": lambda: Accumulation(SENSOR, decay_us=300),
}


@pytest.fixture(params=MAKERS.values(), ids=MAKERS)
def make(request):
    return request.param


def slice_of(rows, t0_us, t1_us, sensor=SENSOR):
    t, x, y, on = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Slice(0, Events.from_columns(t, x, y, on, sensor=sensor), t0_us, t1_us, "time")


def random_slices(number, *, events=40, start_us=0, length_us=1_000):
    rng = np.random.default_rng(events)
    for k in range(number):
        t0_us = start_us + k * length_us
        columns = rng.integers(0, [[length_us], [30], [20], [2]], (4, events))
        t, x, y, on = columns[:, np.argsort(columns[0])]
        yield slice_of(list(zip(t + t0_us, x, y, on, strict=True)), t0_us, t0_us + length_us)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: VoxelGrid(SENSOR, bins=0), "bins must be positive"),
        (lambda: VoxelGrid(SensorSize(65_535, 65_535), bins=5), "2\\*\\*31 cells"),
        (lambda: TimeSurface(SENSOR, tau_us=0), "tau_us must be positive"),
        (lambda: TimeSurface(SENSOR, tau_us=float("nan")), "tau_us must be positive"),
        (lambda: Accumulation(SENSOR, decay_us=-1), "decay_us must be positive"),
        (lambda: Accumulation(SENSOR, contribution=0), "contribution must be positive"),
    ],
)
def test_impossible_settings_are_refused_at_construction(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_the_array_has_the_declared_shape_and_type(make):
    representation = make()
    array = representation.render(slice_of([], 0, 10))
    assert (array.shape, array.dtype) == (representation.shape, representation.dtype)


def test_histogram_counts_off_then_on():
    rows = [(0, 0, 0, 0), (1, 29, 19, 1), (1, 29, 19, 1)]
    planes = PolarityHistogram(SENSOR).render(slice_of(rows, 0, 10))
    assert (planes[0, 0, 0], planes[1, 19, 29], planes.sum()) == (1, 2, 3)


def test_voxels_lie_between_the_bounds_of_the_slice():
    rows = [(100, 3, 1, 1), (110, 4, 1, 0), (125, 5, 1, 1), (199, 6, 1, 1)]
    grid = VoxelGrid(SENSOR, bins=5).render(slice_of(rows, 100, 200))
    np.testing.assert_allclose(grid[:, 1, 3], [1, 0, 0, 0, 0])
    np.testing.assert_allclose(grid[:, 1, 4], [-0.6, -0.4, 0, 0, 0], atol=1e-6)
    np.testing.assert_allclose(grid[:, 1, 5], [0, 1, 0, 0, 0])
    np.testing.assert_allclose(grid[:, 1, 6], [0, 0, 0, 0.04, 0.96], atol=1e-6)


@pytest.mark.parametrize("start_us", [-70, 2**31 - 70, 1_605_537_493_718_345])
@pytest.mark.parametrize("length_us", [1, 7, 1_000, 40_000_000])
def test_voxels_of_any_time_and_length_keep_all_polarity(start_us, length_us):
    (slice_,) = random_slices(1, start_us=start_us, length_us=length_us)
    grid = VoxelGrid(SENSOR, bins=5).render(slice_)
    total = np.where(slice_.events.on, 1, -1).sum()
    np.testing.assert_allclose(grid.sum(dtype=float), total, atol=1e-4)


def test_a_surface_shows_the_age_of_the_latest_event_across_slices():
    surface = TimeSurface(SENSOR, tau_us=100)
    surface.render(slice_of([(0, 1, 1, 1), (50, 1, 1, 1), (60, 2, 1, 0)], 0, 100))
    planes = surface.render(slice_of([(130, 2, 1, 0)], 100, 200))
    np.testing.assert_allclose(planes[1, 1, 1], np.exp(-1.5), rtol=1e-6)
    np.testing.assert_allclose(planes[0, 1, 2], np.exp(-0.7), rtol=1e-6)
    assert np.count_nonzero(planes) == 2


def test_accumulation_is_grey_where_nothing_happened_and_clipped_where_much_did():
    rows = [(t, 1, 1, 1) for t in range(90, 100)] + [(t, 2, 1, 0) for t in range(100, 110)]
    picture = Accumulation(SENSOR, decay_us=100).render(slice_of([*rows, (110, 3, 1, 1)], 0, 110))
    assert (picture[1, 1], picture[1, 2], picture[0, 0]) == (1, 0, 0.5)
    np.testing.assert_allclose(picture[1, 3], 0.7)


@pytest.mark.parametrize("name", ["surface", "accumulation"])
@pytest.mark.parametrize("start_us", [0, 2**31 - 1_000, 1_605_537_493_718_345])
def test_carried_pictures_do_not_depend_on_where_slices_end(name, start_us):
    fine, coarse = MAKERS[name](), MAKERS[name]()
    slices = list(random_slices(6, start_us=start_us))
    events = Events.join([s.events for s in slices])
    whole = coarse.render(Slice(0, events, start_us, start_us + 6_000, "time"))
    parts = [fine.render(s) for s in slices]
    np.testing.assert_allclose(parts[-1], whole, atol=1e-5)


@pytest.mark.parametrize("name", ["surface", "accumulation"])
def test_carried_pictures_have_faded_after_a_very_long_pause(name):
    representation = MAKERS[name]()
    representation.render(slice_of([(0, 1, 1, 1)], 0, 10))
    late_us = 10**15
    array = representation.render(slice_of([], late_us, late_us + 10))
    assert np.unique(array).tolist() == ([0] if name == "surface" else [0.5])


def test_a_reset_representation_is_like_a_new_one(make):
    representation = make()
    first = [representation.render(s) for s in random_slices(3)]
    representation.reset()
    again = [representation.render(s) for s in random_slices(3)]
    np.testing.assert_array_equal(again, first)


@pytest.mark.parametrize("events", [0, 1, 40, 3_000])
def test_arrays_that_come_back_hold_nothing_of_the_past(make, events):
    fresh, reusing = make(), make()
    arrays = [np.full(fresh.shape, 7, np.float32) for _ in range(3)]
    for k, slice_ in enumerate(random_slices(12, events=events)):
        out = arrays[(k * k) % 3]
        assert reusing.render(slice_, out) is out
        np.testing.assert_array_equal(out, fresh.render(slice_))


def test_more_arrays_than_are_remembered_are_cleared_as_well():
    fresh, reusing = MAKERS["voxel"](), MAKERS["voxel"]()
    arrays = [np.full(fresh.shape, 7, np.float32) for _ in range(11)]
    for k, slice_ in enumerate(random_slices(33)):
        reusing.render(slice_, arrays[k % 11])
        np.testing.assert_array_equal(arrays[k % 11], fresh.render(slice_))


def test_arrays_are_not_kept_alive():
    grid = MAKERS["voxel"]()
    for slice_ in random_slices(3):
        grid.render(slice_)
    gc.collect()
    shape = grid.shape
    arrays = (a for a in gc.get_objects() if issubclass(type(a), np.ndarray))
    assert not [a for a in arrays if a.shape == shape]


@pytest.mark.parametrize(
    ("out", "message"),
    [
        (np.zeros((5, 20, 31), np.float32), "shape"),
        (np.zeros((5, 20, 30)), "float32"),
        (np.zeros((5, 20, 60), np.float32)[:, :, ::2], "contiguous"),
        (np.broadcast_to(np.zeros((5, 20, 30), np.float32), (5, 20, 30)), "writeable"),
    ],
)
def test_an_array_that_does_not_fit_is_refused(out, message):
    with pytest.raises(ValueError, match=message):
        MAKERS["voxel"]().render(slice_of([], 0, 10), out)


def test_a_slice_of_another_sensor_is_refused(make):
    with pytest.raises(ValueError, match=r"30x20.*20x30"):
        make().render(slice_of([], 0, 10, SensorSize(20, 30)))
