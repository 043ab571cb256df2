"""The integer simulator against loops over single numbers, which follow the written rules."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventvision.core import SensorSize
from eventvision.spiking.integer import (
    Add,
    Concat,
    Conv2d,
    Delay,
    Input,
    IntegerModel,
    IntegerSimulator,
    Linear,
    Neuron,
    Output,
    PixelShuffle,
    Places,
    Pool,
    Readout,
    Requantise,
    Upsample,
)


def clip16(value):
    return max(-32_768, min(32_767, value))


def shifted(value, shift):
    if shift <= 0:
        return value << -shift
    return (value + (1 << (shift - 1))) >> shift


def conv_by_loops(node, values):
    out_channels, per_group, height, width = node.weight.shape
    in_rows, in_columns = values.shape[1:]
    rows = (in_rows + 2 * node.padding[0] - height) // node.stride[0] + 1
    columns = (in_columns + 2 * node.padding[1] - width) // node.stride[1] + 1
    out = np.zeros((out_channels, rows, columns), np.int64)
    for o, y, x in np.ndindex(out.shape):
        total = int(node.bias[o])
        first = o // (out_channels // node.groups) * per_group
        for i, ky, kx in np.ndindex(per_group, height, width):
            row = y * node.stride[0] + ky - node.padding[0]
            column = x * node.stride[1] + kx - node.padding[1]
            if 0 <= row < in_rows and 0 <= column < in_columns:
                total += int(node.weight[o, i, ky, kx]) * int(values[first + i, row, column])
        out[o, y, x] = clip16(shifted(total, int(node.shift[o])))
    return out


def neuron_by_hand(node, channel, current, potential):
    """Return spikes and the next potential of one neuron, as Python integers."""
    if isinstance(node.leak, np.ndarray):
        shifts = [int(shift) for shift in node.leak[:, channel] if shift >= 0]
        potential = potential - sum(potential >> shift for shift in shifts)
    elif node.leak is not None:
        potential = potential - (potential >> node.leak)
    potential = clip16(potential + current)
    threshold = int(node.threshold[channel])
    offset = threshold >> 1 if node.rounding else 0
    spikes = max(0, min(node.levels, (potential + offset) // threshold))
    return spikes, potential - spikes * threshold


def conv(rng, name, source, in_channels, out_channels, kernel, **settings):
    shape = (out_channels, in_channels // settings.get("groups", 1), *kernel)
    return Conv2d(
        name=name,
        input=source,
        weight=rng.integers(-128, 128, shape).astype(np.int8),
        bias=rng.integers(-1000, 1000, out_channels).astype(np.int32),
        shift=rng.integers(-3, 5, out_channels).astype(np.int8),
        **settings,
    )


def run_one(node, values, *, dtype="uint8"):
    """Run a node on an input of uint8 or int8, as it is."""
    model = IntegerModel(
        [Input(name="x", channels=values.shape[0], dtype=dtype), node, Output(name="y", input="n")]
    )
    simulator = IntegerSimulator(model, SensorSize(values.shape[2], values.shape[1]))
    return simulator.step({"x": values})["y"]


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
@pytest.mark.parametrize(
    ("channels", "kernel", "settings"),
    [
        ((3, 4), (3, 3), {"padding": (1, 1)}),
        ((4, 6), (1, 1), {"groups": 2}),
        ((4, 4), (3, 3), {"groups": 4, "padding": (1, 1), "stride": (2, 2)}),
        ((2, 3), (5, 2), {"padding": (2, 0), "stride": (1, 3)}),
        ((1, 1), (4, 4), {"padding": (3, 3), "stride": (4, 4)}),
    ],
)
def test_convolution_follows_the_loops(channels, kernel, settings, dtype):
    rng = np.random.default_rng(1)
    limits = np.iinfo(dtype)
    values = rng.integers(limits.min, limits.max + 1, (channels[0], 7, 6)).astype(dtype)
    node = conv(rng, "n", "x", *channels, kernel, **settings)
    np.testing.assert_array_equal(run_one(node, values, dtype=dtype), conv_by_loops(node, values))


def test_linear_reads_channel_row_column():
    weight = np.arange(-12, 12, dtype=np.int8).reshape(2, 12)
    node = Linear(
        name="n", input="x", weight=weight, bias=np.array([5, -5], np.int32),
        shift=np.array([0, 1], np.int8),
    )  # fmt: skip
    values = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    first, second = (weight.astype(int) @ np.arange(12) + [5, -5]).tolist()
    expected = [first, shifted(second, 1)]
    assert run_one(node, values)[:, 0, 0].tolist() == expected


@settings(max_examples=60, deadline=None)
@given(
    data=st.data(),
    leak=st.none()
    | st.integers(0, 15)
    | st.lists(st.integers(-1, 15), min_size=1, max_size=2).filter(
        lambda shifts: 0 not in shifts or min(shifts) < 0 or len(shifts) == 1
    ),
    levels=st.integers(1, 255),
    rounding=st.booleans(),
    threshold=st.integers(1, 32_767),
    potential=st.integers(-32_768, 32_767),
)
def test_a_neuron_follows_the_written_rule(data, leak, levels, rounding, threshold, potential):
    currents = data.draw(st.lists(st.integers(-32_768, 32_767), min_size=1, max_size=6))
    leak = np.array(leak, np.int8)[:, None] if isinstance(leak, list) else leak
    node = Neuron(
        name="n", input="c", threshold=np.array([threshold], np.int16), leak=leak, levels=levels,
        rounding=rounding, initial=np.array([potential], np.int16),
    )  # fmt: skip
    simulator = current_into(node)
    for current in currents:
        spikes, potential = neuron_by_hand(node, 0, current, potential)
        outcome = simulator.step(as_inputs(current))["y"]
        assert (int(outcome[0, 0, 0]), int(simulator.state["n"][0, 0, 0])) == (spikes, potential)


def current_into(node):
    """Return a simulator in which any int16 current reaches a node: 256 * high + low - 32768."""
    pair = Conv2d(
        name="c", input="both", weight=np.array([[[[127]], [[127]], [[2]], [[1]]]], np.int8),
        bias=np.array([-32_768], np.int32), shift=np.zeros(1, np.int8),
    )  # fmt: skip
    names = ("high", "again", "twice", "low")
    inputs = [Input(name=name, channels=1) for name in names]
    both = Concat(name="both", inputs=names)
    model = IntegerModel([*inputs, both, pair, node, Output(name="y", input="n")])
    return IntegerSimulator(model, SensorSize(1, 1))


def as_inputs(current):
    high, low = divmod(current + 32_768, 256)
    values = {"high": high, "again": high, "twice": high, "low": low}
    return {name: np.full((1, 1, 1), value, np.uint8) for name, value in values.items()}


@pytest.mark.parametrize(
    ("leak", "currents", "expected"),
    [
        (None, [30_000, 30_000, -32_768, -32_768, -32_768], [30_000, 32_767, -1, -32_768, -32_768]),
        (2, [100, 0, 0, -300, 0], [100, 75, 57, -257, -192]),
        (0, [100, -7, 3], [100, -7, 3]),
        (np.array([[1], [3]], np.int8), [100, 0, -100, 0], [100, 38, -85, -31]),
        (np.array([[-1], [3]], np.int8), [100, 0, 0], [100, 88, 77]),
    ],
)
def test_a_readout_leaks_adds_and_saturates(leak, currents, expected):
    simulator = current_into(Readout(name="n", input="c", leak=leak))
    got = [int(simulator.step(as_inputs(current))["y"][0, 0, 0]) for current in currents]
    assert got == expected


def test_halves_are_rounded_up_when_shifting():
    node = Requantise(name="n", input="c", shift=1, dtype="int8")
    simulator = current_into(node)
    got = [int(simulator.step(as_inputs(c))["y"][0, 0, 0]) for c in (3, 1, -1, -3, 300, -300)]
    assert got == [2, 1, 0, -1, 127, -128]


def test_sums_of_spikes_are_shifted_and_saturated():
    node = Add(name="n", inputs=("x", "x"), shifts=(2, 0))
    values = np.array([[[0, 1, 50, 52, 255]]], np.uint8)
    assert run_one(node, values).ravel().tolist() == [0, 5, 250, 255, 255]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"size": (2, 2)}, [[3]]),
        ({"size": (2, 2), "kind": "max"}, [[2]]),
        ({"size": (2, 2), "shift": 1}, [[2]]),
        ({"size": None}, [[255]]),
        ({"size": (2, 2), "stride": (1, 1), "padding": (1, 0)}, [[1, 2], [3, 255], [2, 254]]),
    ],
)
def test_pools_take_windows(settings, expected):
    values = np.array([[[0, 1, 1], [0, 2, 252]]], np.uint8)
    got = run_one(Pool(name="n", input="x", **settings), values)
    assert got[0].tolist() == expected


def test_upsampling_repeats_and_cuts():
    model = IntegerModel(
        [
            Input(name="small", channels=1),
            Input(name="large", channels=1),
            Upsample(name="up", input="small", factor=2, like="large"),
            Concat(name="n", inputs=("large", "up")),
            Output(name="y", input="n"),
        ]
    )
    sizes = {"small": SensorSize(2, 1), "large": SensorSize(3, 2)}
    large = np.zeros((1, 2, 3), np.uint8)
    got = IntegerSimulator(model, sizes).step(
        {"small": np.array([[[5, 9]]], np.uint8), "large": large}
    )
    assert got["y"][1].tolist() == [[5, 5, 9], [5, 5, 9]]


def test_real_inputs_are_rounded_and_saturated():
    model = IntegerModel(
        [Input(name="x", channels=1, dtype="int8", exponent=-2), Output(name="y", input="x")]
    )
    real = np.array([[[0.125, -0.125, 0.37, 99.0, -99.0, np.nan]]], np.float32)
    got = IntegerSimulator(model, SensorSize(6, 1)).step({"x": real})["y"]
    assert got.ravel().tolist() == [1, 0, 1, 127, -128, 0]


def test_normalised_inputs_are_divided_by_the_size_of_what_is_not_zero():
    model = IntegerModel(
        [
            Input(name="x", channels=1, dtype="int8", exponent=-4, normalise=True),
            Output(name="y", input="x"),
        ]
    )
    simulator = IntegerSimulator(model, SensorSize(5, 1))
    real = np.array([[[3.0, -1.0, 0.0, np.nan, 0.0]]], np.float32)
    units = [round(16 * value / 5**0.5) for value in (3, -1, 0, 0, 0)]
    for scale in (1, 100):
        assert simulator.step({"x": scale * real})["y"].ravel().tolist() == units
    assert not simulator.step({"x": 0 * real})["y"].any()


def test_pixels_are_shuffled_as_torch_does():
    values = np.arange(8, dtype=np.uint8).reshape(8, 1, 1).repeat(2, axis=2)
    got = run_one(PixelShuffle(name="n", input="x", factor=2), values)
    assert got.tolist() == [[[0, 1, 0, 1], [2, 3, 2, 3]], [[4, 5, 4, 5], [6, 7, 6, 7]]]


def test_places_come_row_by_row_picture_by_picture():
    model = IntegerModel(
        [
            Input(name="a", channels=2),
            Input(name="b", channels=2),
            Places(name="n", inputs=("a", "b")),
            Output(name="y", input="n", exponent=1),
        ]
    )
    sizes = {"a": SensorSize(2, 2), "b": SensorSize(1, 1)}
    given = {
        "a": np.arange(8, dtype=np.uint8).reshape(2, 2, 2),
        "b": np.array([[[8]], [[9]]], np.uint8),
    }
    units = IntegerSimulator(model, sizes).step(given)["y"]
    assert units.shape == (2, 5, 1)
    expected = [[0, 8], [2, 10], [4, 12], [6, 14], [16, 18]]
    assert model.decode("y", units).tolist() == expected


def recurrent_model(**changed):
    """Return a model that adds to its input what it gave in the step before."""
    delay = Delay(**{"name": "d", "input": "n", "like": "x", "channels": 1} | changed)
    return IntegerModel(
        [
            Input(name="x", channels=1),
            delay,
            Add(name="n", inputs=("x", "d")),
            Output(name="y", input="n"),
        ]
    )


def test_a_delay_gives_what_was_in_the_step_before():
    simulator = IntegerSimulator(recurrent_model(), SensorSize(1, 1))
    one = {"x": np.ones((1, 1, 1), np.uint8)}
    assert [int(simulator.step(one)["y"][0, 0, 0]) for _ in range(3)] == [1, 2, 3]
    simulator.set_state({"d": np.full((1, 1, 1), 9, np.uint8)})
    assert int(simulator.step(one)["y"][0, 0, 0]) == 10
    simulator.reset()
    assert int(simulator.step(one)["y"][0, 0, 0]) == 1


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"input": "m"}, "reads m, which does not exist"),
        ({"input": "d"}, "reads another Delay"),
        ({"like": "n"}, "reads n, which is not before it"),
        ({"channels": 0}, "channels must be 1"),
    ],
)
def test_a_delay_that_leads_nowhere_is_refused(changed, problem):
    with pytest.raises(ValueError, match=problem):
        recurrent_model(**changed)


def test_a_delay_of_another_size_is_refused():
    nodes = [
        Input(name="x", channels=1),
        Delay(name="d", input="p", like="x", channels=1),
        Pool(name="p", input="x", kind="max"),
        Output(name="y", input="d"),
    ]
    with pytest.raises(ValueError, match="x has another size than p"):
        IntegerModel(nodes).shapes(SensorSize(4, 4))


@pytest.mark.parametrize(
    ("leak", "problem"),
    [
        (np.zeros((1, 3), np.int8), "leak is for 3 channels, there are 2"),
        (np.zeros((2, 2), np.int8), "the shift 0 has no other"),
        (np.full((1, 2), 16, np.int8), "0 to 15, or -1"),
        (np.ones((3, 2), np.int8), "one or two shifts"),
        (np.ones((1, 2), np.int16), "an array of int8"),
    ],
)
def test_leaks_that_make_no_sense_are_refused(leak, problem):
    with pytest.raises(ValueError, match=problem):
        Neuron(name="n", input="c", threshold=np.ones(2, np.int16), leak=leak)


def test_a_sigmoid_is_taken_of_real_values_only():
    model = IntegerModel(
        [Input(name="x", channels=1), Output(name="y", input="x", exponent=-1, curve="sigmoid")]
    )
    np.testing.assert_allclose(
        model.decode("y", np.array([0, 2, 200], np.int16)), [0.5, 0.731059, 1.0], rtol=1e-6
    )


def test_outputs_are_decoded_with_their_exponent():
    model = IntegerModel([Input(name="x", channels=1), Output(name="y", input="x", exponent=-3)])
    assert model.decode("y", np.array([4, -8], np.int16)).tolist() == [0.5, -1.0]


def small_model():
    rng = np.random.default_rng(3)
    return IntegerModel(
        [
            Input(name="x", channels=2),
            conv(rng, "c", "x", 2, 3, (3, 3), padding=(1, 1)),
            Neuron(
                name="n", input="c", threshold=np.full(3, 100, np.int16), leak=2,
                initial=np.array([1, -2, 3], np.int16),
            ),
            conv(rng, "d", "n", 3, 2, (1, 1)),
            Readout(name="r", input="d"),
            Output(name="y", input="r"),
        ]
    )  # fmt: skip


def test_state_can_be_taken_out_and_put_back():
    rng = np.random.default_rng(0)
    first, second = (IntegerSimulator(small_model(), SensorSize(5, 4)) for _ in range(2))
    inputs = [rng.integers(0, 9, (2, 4, 5)).astype(np.uint8) for _ in range(4)]
    for values in inputs[:2]:
        first.step({"x": values})
    second.set_state(first.state)
    for values in inputs[2:]:
        one, other = first.step({"x": values}), second.step({"x": values})
        np.testing.assert_array_equal(one["y"], other["y"])


def test_a_reset_brings_the_initial_potential_back():
    simulator = IntegerSimulator(small_model(), SensorSize(2, 2))
    simulator.step({"x": np.full((2, 2, 2), 7, np.uint8)})
    simulator.reset()
    assert simulator.state["n"][:, 0, 0].tolist() == [1, -2, 3]
    assert not simulator.state["r"].any()


@pytest.mark.parametrize(
    ("state", "problem"),
    [
        ({"c": np.zeros((3, 2, 2), np.int16)}, "c has no state; n, r do"),
        ({"n": np.zeros((3, 2, 2), np.int32)}, "the state of n is int16"),
        ({"n": np.zeros((2, 2, 3), np.int16)}, "of shape \\(3, 2, 2\\)"),
    ],
)
def test_a_state_that_does_not_fit_is_refused(state, problem):
    simulator = IntegerSimulator(small_model(), SensorSize(2, 2))
    with pytest.raises(ValueError, match=problem):
        simulator.set_state(state)


@pytest.mark.parametrize(
    ("inputs", "problem"),
    [
        ({}, "inputs are x; got"),
        ({"z": np.zeros((2, 2, 2), np.uint8)}, "inputs are x; got z"),
        ({"x": np.zeros((2, 2), np.uint8)}, "input x has shape \\(2, 2, 2\\)"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(inputs, problem):
    with pytest.raises(ValueError, match=problem):
        IntegerSimulator(small_model(), SensorSize(2, 2)).step(inputs)
