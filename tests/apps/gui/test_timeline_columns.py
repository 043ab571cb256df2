"""What the timeline draws: rates by column, sightings, slices and the trigger's potential."""

from __future__ import annotations

import numpy as np
import pytest
from eventvision_apps.gui.history import ENDINGS, MOST_ROWS, History, entry_of, extended
from eventvision_apps.gui.overview import Overview
from eventvision_apps.gui.surveyor import BINS, FIRST_BIN_US, Census
from eventvision_apps.gui.timeline import (
    Axis,
    Sightings,
    potential_columns,
    rate_columns,
    rate_picture,
    recent_axis,
    slice_columns,
    whole_axis,
)

from eventvision.core import Alarm, Detections, Events, Packet, SensorSize, Slice, SliceResult

SENSOR = SensorSize(8, 8)
NOBODY = Detections(np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, np.int64))
SOMEBODY = Detections(np.ones((2, 4), np.float32), np.ones(2, np.float32), np.zeros(2, np.int64))


def events(t) -> Events:
    t = np.asarray(t)
    return Events.from_columns(t, t % 8, t % 8, t % 2, sensor=SENSOR)


def result(t0_us: int, *, potential=None, results=None) -> SliceResult:
    slice_ = Slice(0, events([t0_us, t0_us + 1, t0_us + 3]), t0_us, t0_us + 10, "spike",
                   potential=potential)  # fmt: skip
    return SliceResult(slice_, results or {})


def history_of(*results: SliceResult) -> History:
    return extended(History(), [entry_of(each) for each in results])


def test_a_slice_becomes_a_row():
    row = history_of(result(100, results={"detection": SOMEBODY})).rows[0]
    assert (row["t0"], row["t1"], row["on"], row["off"], row["objects"]) == (100, 110, 2, 1, 2)
    assert ENDINGS[row["ended_by"]] == "spike"
    assert not row["alarm"]


@pytest.mark.parametrize(("objects", "is_on"), [(NOBODY, False), (SOMEBODY, True)])
def test_an_alarm_with_objects_is_on(objects, is_on):
    alarm = Alarm(objects, began=False)
    assert history_of(result(0, results={"alarm": alarm})).rows[0]["alarm"] == is_on


def test_history_is_bounded():
    history = History()
    for start in range(0, 3 * MOST_ROWS, MOST_ROWS // 2):
        history = extended(history, [entry_of(result(start + n)) for n in range(MOST_ROWS // 2)])
    assert history.rows.size == MOST_ROWS
    assert int(history.rows["t0"][-1]) == 3 * MOST_ROWS - 1


def test_the_potential_is_spread_over_its_slice():
    trace = np.array([0.5, 1.0], np.float32)
    history = history_of(result(100, potential=trace), result(110, potential=trace))
    assert history.trace_us.tolist() == [105, 110, 115, 120]
    places, values = potential_columns(history, Axis(106, 126, 2))
    assert places.tolist() == [0, 1]
    assert values.tolist() == [1.0, 1.0]
    assert not potential_columns(History(), Axis(0, 10, 5))[0].size


@pytest.mark.parametrize("width", [3, 20, 400])
def test_columns_show_the_slices_that_they_reach_into(width):
    found = result(10, results={"detection": SOMEBODY})
    columns = slice_columns(history_of(result(0), found), Axis(-10, 30, width))
    empty = width // 4
    assert (columns.endings[:empty] == -1).all()
    assert set(columns.endings[empty + 1 : width // 2]) <= {ENDINGS.index("spike")}
    np.testing.assert_allclose(columns.rates.max(axis=1), [1 / 10e-6, 2 / 10e-6])
    assert columns.objects.max() == 2
    assert not columns.alarms.any()
    assert columns.begins.sum() == (0 if width == 3 else 1)


def test_an_axis_maps_there_and_back():
    axis = Axis(1_000, 3_000, 400)
    assert axis.column(2_000) == 200
    assert axis.time_us(200) == 2_000


@pytest.mark.parametrize("speed", [0.01, 0.5, 1.0, 20.0, None])
def test_the_latest_slices_end_at_the_right_edge(speed):
    axis = recent_axis(history_of(result(500)), 300, speed)
    assert axis.end_us == 510
    assert axis.begin_us < 510
    assert recent_axis(History(), 300, speed) is None


@pytest.mark.parametrize("width", [1, 7, 10, 100, 1000])
def test_a_column_shows_the_highest_rate_of_its_bins(width):
    counts = np.random.default_rng(2).integers(0, 50, (2, 100))
    overview = Overview(500, 500 + 100 * 10 - 1, 10, counts, 1.0)
    axis = Axis(500, 1_500, width)
    expected = np.zeros((2, width))
    for column in range(width):
        left, right = column * 100 / width, (column + 1) * 100 / width
        bins = slice(int(np.floor(left + 1e-9)), max(int(np.ceil(right - 1e-9)), 0))
        expected[:, column] = counts[:, bins].max(axis=1) * 1e5
    np.testing.assert_allclose(rate_columns(overview, axis), expected)


def test_what_is_not_looked_through_yet_is_empty():
    overview = Overview(0, 499, 10, np.ones((2, 50), np.int64), 0.5)
    axis = whole_axis(overview, 100)
    assert axis.end_us == 998
    rates = rate_columns(overview, axis)
    assert (rates[:, :50] > 0).all()
    assert (rates[:, 51:] == 0).all()


def test_on_goes_up_and_off_goes_down():
    picture = rate_picture(np.array([[0.0, 0.5, 1.0], [1.0, 0.5, 0.0]]), 8, (0, 1, 2))
    np.testing.assert_array_equal((picture == 2).sum(axis=0), [4, 2, 0])
    np.testing.assert_array_equal((picture == 1).sum(axis=0), [0, 2, 4])
    assert (picture[:4] != 1).all()
    assert (picture[4:] != 2).all()


def test_sightings_stay_until_the_recording_is_another():
    sightings = Sightings(10)
    rows = history_of(result(250, results={"detection": SOMEBODY})).rows
    sightings.add(rows, 0, 1_000)
    sightings.add(rows[:0], 0, 1_000)
    assert np.flatnonzero(sightings.objects).tolist() == [2]
    sightings.add(rows[:0], 0, 2_000)
    assert not sightings.objects.any()


@pytest.mark.parametrize(
    "span_us", [1, FIRST_BIN_US, BINS * FIRST_BIN_US, 37 * BINS * FIRST_BIN_US]
)
def test_a_census_counts_every_event_however_long_the_recording(span_us):
    t = np.sort(np.random.default_rng(4).integers(0, span_us, 5_000)) + 10**12
    census = Census()
    for part in np.array_split(t, 13):
        census.add(Packet(events(part)))
    overview = census.overview(1.0)
    assert overview.counts.sum() == 5_000
    assert overview.counts.shape[1] <= BINS
    assert (overview.first_us, overview.last_us) == (t[0], t[-1])
    places = (t - t[0]) // overview.bin_us
    np.testing.assert_array_equal(
        overview.counts.sum(axis=0), np.bincount(places, minlength=overview.counts.shape[1])
    )


def test_the_end_is_expected_in_proportion():
    counts = np.ones((2, 1), np.int64)
    assert Overview(100, 200, 10, counts, 0.25).expected_last_us == 500
    assert Overview(100, 200, 10, counts, 1.0).expected_last_us == 200
    assert Overview(100, 200, 10, counts, 0.0).expected_last_us == 200
