"""The simulated chip gives the integer simulator's spikes and potentials, and counts its work."""

from __future__ import annotations

import dataclasses
import logging

import numpy as np
import pytest

from eventvision.core import SensorSize, SessionOptions, load_card
from eventvision.devices import ActivityMeter, Placement, open_session
from eventvision.devices.speck import (
    OVERLOAD_PER_S,
    ChipSimulator,
    CoreLoad,
    LoadMeter,
    SpeckDevice,
    chip_form,
    chip_plan,
)
from eventvision.kernels.speck import cascade, scatter
from eventvision.spiking.integer import IntegerNetwork, IntegerSimulator, load_model

SENSOR = SensorSize(11, 12)
SAMPLES, STEPS, STEP_US = 20, 16, 20_000


@pytest.fixture
def chip(small_model):
    return ChipSimulator(small_model, chip_plan(small_model, SENSOR))


def counts_of(seed, shape=(2, 12, 11), rate=0.6):
    return np.random.default_rng(seed).poisson(rate, shape).astype(np.uint8)


def spread(spikes, weight, stride, padding, shape):
    """Return sums and additions as they should be: window by window."""
    sums, operations = np.zeros(shape, np.int64), 0
    for channel, y, x, count in spikes:
        for row in range(shape[0]):
            for column in range(shape[1]):
                i, j = y + padding[0] - row * stride[0], x + padding[1] - column * stride[1]
                if 0 <= i < weight.shape[1] and 0 <= j < weight.shape[2]:
                    sums[row, column] += weight[channel, i, j].astype(np.int64) * count
                    operations += count * shape[2]
    return sums, operations


def test_every_spike_and_potential_is_that_of_the_integer_simulator(small_model, chip):
    simulator = IntegerSimulator(small_model, SENSOR)
    fired = 0
    for seed in range(12):
        given = {"in": counts_of(seed)}
        np.testing.assert_array_equal(chip.step(given)["out"], simulator.step(given)["out"])
        for name, potential in simulator.state.items():
            np.testing.assert_array_equal(chip.state[name], potential, err_msg=name)
        fired += int(simulator.tensor("n3").sum())
    assert fired > 5


def test_after_a_reset_it_begins_anew(chip):
    first = [chip.step({"in": counts_of(seed)})["out"] for seed in range(4)]
    chip.reset()
    again = [chip.step({"in": counts_of(seed)})["out"] for seed in range(4)]
    np.testing.assert_array_equal(first, again)


def test_potentials_saturate_as_the_simulators_do(small_model, chip):
    simulator = IntegerSimulator(small_model, SENSOR)
    given = {"in": np.full((2, 12, 11), 255, np.uint8)}
    for _ in range(6):
        np.testing.assert_array_equal(chip.step(given)["out"], simulator.step(given)["out"])
    assert max(np.abs(each.astype(int)).max() for each in chip.state.values()) > 30_000
    for name, potential in simulator.state.items():
        np.testing.assert_array_equal(chip.state[name], potential, err_msg=name)


def test_an_input_of_another_size_is_refused(chip):
    with pytest.raises(ValueError, match=r"shape \(2, 12, 11\), got \(2, 11, 12\)"):
        chip.step({"in": np.zeros((2, 11, 12), np.uint8)})


def test_work_is_counted_as_the_integer_kernels_count_it(small_model, chip):
    network = IntegerNetwork(small_model, SENSOR)
    for seed in range(3):
        given = {"in": counts_of(seed)}
        chip.step(given)
        network.step(given)
    expected = network.activity()
    dense = {"c1": 1, "c2": 2, "l3": 1}
    for load in chip.loads:
        assert (
            load.synaptic_operations == expected[load.layer].synaptic_operations * dense[load.layer]
        )
    assert chip.loads[0].spikes_in == expected["c1"].spikes
    assert chip.loads[0].synaptic_operations > 0


@pytest.mark.parametrize("stride", [(1, 1), (2, 1), (4, 2)])
@pytest.mark.parametrize("padding", [(0, 0), (2, 1)])
def test_spikes_are_spread_over_their_windows(stride, padding):
    draw = np.random.default_rng(1)
    weight = draw.integers(-128, 128, (2, 3, 4, 5)).astype(np.int8)
    counts = counts_of(2, (2, 8, 9), 0.3)
    places = np.argwhere(counts)
    spikes = np.column_stack((places, counts[tuple(places.T)])).astype(np.int32)
    shape = tuple((n + 2 * p - k) // s + 1 for n, p, k, s in
                  zip((8, 9), padding, (3, 4), stride, strict=True))  # fmt: skip
    sums = np.zeros((*shape, 5), np.int32)
    operations = scatter(spikes, weight, stride, padding, sums)
    expected, number = spread(spikes, weight, stride, padding, sums.shape)
    np.testing.assert_array_equal(sums, expected)
    assert operations == number


def test_a_cascade_fires_while_spikes_come_in_and_can_be_taken_up_again():
    draw = np.random.default_rng(5)
    weight = draw.integers(-40, 90, (2, 3, 3, 4)).astype(np.int8)
    spikes = np.column_stack((draw.integers(0, 2, 50), draw.integers(0, 6, (50, 2)),
                              draw.integers(1, 3, 50))).astype(np.int32)  # fmt: skip
    potential = np.zeros((6, 6, 4), np.int64)
    expected = []
    for channel, y, x, count in spikes:
        for _ in range(count):
            for i in range(3):
                for j in range(3):
                    row, column = y + 1 - i, x + 1 - j
                    if not (0 <= row < 6 and 0 <= column < 6):
                        continue
                    for out in range(4):
                        potential[row, column, out] += weight[channel, i, j, out]
                        if potential[row, column, out] >= 150:
                            potential[row, column, out] -= 150
                            expected.append((out, row, column, 1))
    found, done, room = [], 0, np.empty((2 * 36, 4), np.int32)
    state = np.zeros((6, 6, 4), np.int16)
    rounds = 0
    while done < len(spikes):
        done, number, _ = cascade(spikes, done, weight, (1, 1), (1, 1), 150, state, room)
        found.extend(map(tuple, room[:number].tolist()))
        rounds += 1
    assert rounds > 1
    assert found == expected
    np.testing.assert_array_equal(state, potential)


def test_without_steps_the_chip_fires_nearly_as_often(small_model, chip):
    simulator = IntegerSimulator(small_model, SENSOR)
    stepped = streamed = 0
    for seed in range(20):
        counts = counts_of(seed)
        simulator.step({"in": counts})
        stepped += int(simulator.tensor("n1").sum())
        places = np.argwhere(counts)
        chip.stream(np.column_stack((places, counts[tuple(places.T)])))
        streamed += chip.loads[0].spikes_out
    assert streamed == pytest.approx(stepped, rel=0.3)


@pytest.fixture(scope="module")
def digits(shared_recordings):
    """Counts of real N-MNIST recordings, shape (samples, steps, 2, 34, 34)."""
    with np.load(shared_recordings / "nmnist" / "nmnist_400.npz") as file:
        columns = {name: file[name] for name in ("t", "x", "y", "on", "offsets")}
    counts = np.zeros((SAMPLES, STEPS, 2, 34, 34), np.int64)
    for sample in range(SAMPLES):
        whole = slice(*columns["offsets"][sample * 20 :][:2])
        t, x, y, on = (columns[name][whole].astype(np.int64) for name in ("t", "x", "y", "on"))
        kept = t // STEP_US < STEPS
        np.add.at(counts[sample], tuple(each[kept] for each in (t // STEP_US, on, y, x)), 1)
    return np.minimum(counts, 255).astype(np.uint8)


def test_digits_nano_gives_the_integer_simulators_spikes_on_real_recordings(digits):
    card = load_card("digits-nano")
    model = load_model(card.artifact("integer"))
    simulator = IntegerSimulator(model, SensorSize(34, 34))
    fired = 0
    with open_session(card, "speck") as session:
        for recording in digits:
            session.reset()
            simulator.reset()
            for counts in recording:
                expected = simulator.step({"input": counts})["output"].ravel()
                found = session.step({"events": counts[None].astype(np.float32)})["output"]
                np.testing.assert_array_equal(found.ravel(), expected)
                fired += int(expected.sum())
    assert fired > SAMPLES * 5


def test_digits_nano_tells_where_its_layers_went_and_what_they_do():
    with open_session("digits-nano", "speck") as session:
        session.step({"events": np.ones((1, 2, 34, 34), np.float32)})
        layers = session.facet(Placement).layers
        loads = session.facet(LoadMeter).read()
        activity = session.facet(ActivityMeter).read()
    assert [each.layer for each in layers] == ["conv1", "conv2", "conv3", "linear"]
    assert len({each.place for each in layers}) == 4
    for each in layers:
        assert all(each.used[kind] <= each.limits[kind] for kind in each.limits)
    assert layers[0].used == {"weights": 2 * 8 * 32, "neurons": 8 * 32 * 32, "biases": 8}
    assert activity.synaptic_operations == sum(load.synaptic_operations for load in loads)
    assert activity.spikes >= 2 * 34 * 34


def test_an_overloaded_core_is_named_once(small_model, caplog, tmp_path):
    card = load_card("digits-nano")
    session = SpeckDevice().open(dataclasses.replace(card, slicer="time:100us"), SessionOptions())
    with caplog.at_level(logging.WARNING, "eventvision.devices"):
        for _ in range(2):
            session.step({"events": np.full((1, 2, 34, 34), 3, np.float32)})
    told = [record.getMessage() for record in caplog.records if "conv1" in record.getMessage()]
    assert len(told) == 1
    assert "million synaptic operations a second" in told[0]


def test_load_is_compared_with_the_limit(chip):
    load = CoreLoad(chip.plan.cores[0], "c", 1, 1, OVERLOAD_PER_S // 10)
    assert not load.is_too_much(0.1)
    assert load.is_too_much(0.09)


def test_the_chip_form_of_a_model_in_chip_form_is_the_model(small_model):
    before = {node.name: node for node in small_model.nodes}
    assert all(node is before[node.name] for node in chip_form(small_model).nodes)
