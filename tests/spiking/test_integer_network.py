"""The integer kernels against the simulator, bit for bit."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventvision.core import SensorSize
from eventvision.spiking.integer import (
    Add,
    Concat,
    Conv2d,
    Delay,
    Input,
    IntegerModel,
    IntegerNetwork,
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
    save_model,
)

RANGES = {8: (-128, 127), 4: (-8, 7), 2: (-1, 1)}


class Chain:
    """Builds a random network node by node, remembering what came last."""

    def __init__(self, seed, channels, dtype="uint8"):
        self.rng = np.random.default_rng(seed)
        self.nodes = [Input(name="x", channels=channels, dtype=dtype)]
        self.channels = {"x": channels}
        self.last = "x"

    def add(self, node, channels):
        self.nodes.append(node)
        self.channels[node.name] = channels
        self.last = node.name
        return self

    def name(self, kind):
        return f"{kind}{len(self.nodes)}"

    def conv(self, out_channels, kernel, *, bits=8, source=None, largest_shift=6, **settings):
        source = source or self.last
        low, high = RANGES[bits]
        shape = (out_channels, self.channels[source] // settings.get("groups", 1), *kernel)
        node = Conv2d(
            name=self.name("conv"),
            input=source,
            weight=self.rng.integers(low, high + 1, shape).astype(np.int8),
            bias=self.rng.integers(-(2**12), 2**12, out_channels).astype(np.int32),
            shift=self.rng.integers(-2, largest_shift + 1, out_channels).astype(np.int8),
            weight_bits=bits,
            **settings,
        )
        return self.add(node, out_channels)

    def neuron(self, *, source=None, highest=2000, **settings):
        source = source or self.last
        count = self.channels[source]
        node = Neuron(
            name=self.name("neuron"),
            input=source,
            threshold=self.rng.integers(1, highest, count).astype(np.int16),
            initial=self.rng.integers(-500, 500, count).astype(np.int16),
            **settings,
        )
        return self.add(node, count)

    def doubled(self):
        """Bring the input into the kernels' own layout."""
        node = Add(name=self.name("add"), inputs=(self.last, self.last))
        return self.add(node, self.channels[self.last])

    def model(self, *outputs):
        outputs = outputs or (self.last,)
        ends = [Output(name=f"out{number}", input=name) for number, name in enumerate(outputs)]
        return IntegerModel([*self.nodes, *ends])


def assert_exact(model, size, *, steps=3, share=0.5, threads=(1,), seed=0, highest=255):
    """Compare all outputs and all potentials over some steps, for each way of running."""
    rng = np.random.default_rng(seed)
    simulator = IntegerSimulator(model, size)
    networks = [
        IntegerNetwork(model, size, threads=number, sparse=sparse)
        for number in threads
        for sparse in ("auto", "always", "never")
    ]
    shapes = model.shapes(size)
    for _ in range(steps):
        inputs = {
            node.name: random_units(rng, node.dtype, shapes[node.name].array, share, highest)
            for node in model.inputs
        }
        expected = simulator.step(inputs)
        for network in networks:
            got = network.step(inputs)
            for name, values in expected.items():
                assert got[name].dtype == values.dtype
                np.testing.assert_array_equal(got[name], values, err_msg=name)
            for name, values in simulator.state.items():
                np.testing.assert_array_equal(network.state[name], values, err_msg=name)
    for network in networks:
        network.close()


def random_units(rng, dtype, shape, share, highest):
    low = -highest if dtype == "int8" else 0
    values = rng.integers(low, highest + 1, shape)
    limits = np.iinfo(dtype)
    return (np.clip(values, limits.min, limits.max) * (rng.random(shape) < share)).astype(dtype)


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
@pytest.mark.parametrize(
    ("channels", "out_channels", "kernel", "settings"),
    [
        (1, 1, (1, 1), {}),
        (2, 16, (7, 7), {"stride": (4, 4), "padding": (3, 3)}),
        (3, 17, (3, 3), {"padding": (1, 1)}),
        (16, 48, (1, 1), {}),
        (20, 112, (3, 3), {"padding": (1, 1), "stride": (2, 2)}),
        (64, 64, (1, 1), {}),
        (12, 24, (3, 3), {"groups": 4, "padding": (1, 1)}),
        (8, 16, (3, 1), {"groups": 8, "padding": (1, 0)}),
        (5, 9, (2, 5), {"padding": (0, 4), "stride": (3, 1)}),
    ],
)
def test_convolutions_are_exact(channels, out_channels, kernel, settings, dtype):
    chain = Chain(1, channels, dtype).conv(out_channels, kernel, **settings)
    assert_exact(chain.model(), SensorSize(19, 13))


@pytest.mark.parametrize("channels", [1, 16, 20, 32, 70])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("kernel", [(3, 3), (5, 5), (4, 2), (1, 9), (7, 7)])
def test_depthwise_convolutions_are_exact(channels, kernel, stride):
    chain = Chain(2, channels).doubled().conv(
        channels, kernel, groups=channels, stride=(stride, stride),
        padding=(kernel[0] // 2, kernel[1] // 2),
    )  # fmt: skip
    assert_exact(chain.model(), SensorSize(17, 11))


@pytest.mark.parametrize("bits", [8, 4, 2])
@pytest.mark.parametrize("levels", [1, 2, 4, 8, 9, 255])
@pytest.mark.parametrize("leak", [None, 0, 1, 4, 15])
def test_neurons_of_all_kinds_are_exact(leak, levels, bits):
    chain = Chain(levels, 3).conv(40, (3, 3), padding=(1, 1), bits=bits, largest_shift=3)
    chain.neuron(leak=leak, levels=levels, rounding=levels > 1)
    chain.conv(21, (1, 1), bits=bits).neuron(leak=leak, levels=levels, rounding=levels == 1)
    assert_exact(chain.model(), SensorSize(9, 6), steps=5)


@pytest.mark.parametrize("channels", [5, 32, 40])
@pytest.mark.parametrize(("terms", "levels"), [(1, 4), (2, 4), (2, 20)])
def test_leaks_of_their_own_are_exact(channels, terms, levels):
    chain = Chain(terms, 3).conv(channels, (3, 3), padding=(1, 1), largest_shift=3)
    current = chain.last
    leak = chain.rng.integers(-1, 16, (terms, channels)).astype(np.int8)
    leak[:, leak.min(0) == 0] = 1
    chain.neuron(leak=leak, levels=levels, rounding=True)
    spikes = chain.last
    chain.add(Readout(name="read", input=current, leak=leak), channels)
    assert_exact(chain.model(spikes, "read"), SensorSize(9, 6), steps=6)


@pytest.mark.parametrize("channels", [3, 20])
def test_what_comes_back_a_step_later_is_exact(channels):
    chain = Chain(19, 2).conv(channels, (3, 3), padding=(1, 1))
    current = chain.last
    chain.add(Delay(name="delay", input="fired", like=current, channels=channels), channels)
    chain.conv(channels, (3, 3), padding=(1, 1))
    chain.add(Add(name="sum", inputs=(current, chain.last)), channels)
    fired = Neuron(
        name="fired", input="sum", threshold=np.full(channels, 300, np.int16), levels=4, leak=1
    )
    chain.add(fired, channels).conv(3, (1, 1))
    assert_exact(chain.model("fired", chain.last), SensorSize(11, 7), steps=5, threads=(1, 2))


@pytest.mark.parametrize(("channels", "factor"), [(4, 2), (64, 2), (36, 3), (80, 4)])
def test_shuffled_pixels_are_exact(channels, factor):
    chain = Chain(20, 3).conv(channels, (3, 3), padding=(1, 1), stride=(2, 2))
    current, fine = chain.last, channels // factor**2
    chain.add(PixelShuffle(name="currents", input=current, factor=factor), fine)
    chain.neuron(levels=3)
    chain.neuron(source=current, levels=3)
    chain.add(PixelShuffle(name="counts", input=chain.last, factor=factor), fine)
    chain.conv(7, (5, 5), padding=(2, 2))
    assert_exact(chain.model("currents", "counts", chain.last), SensorSize(13, 9))


def test_places_of_several_sizes_are_exact():
    chain = Chain(21, 3).conv(9, (1, 1))
    fine = chain.last
    chain.neuron(levels=4).conv(9, (3, 3), stride=(2, 2))
    chain.add(Places(name="places", inputs=(fine, chain.last)), 9)
    assert_exact(chain.model(), SensorSize(11, 8), threads=(1, 2))


@pytest.mark.parametrize("highest", [2, 32_768])
def test_saturated_currents_and_potentials_are_exact(highest):
    chain = Chain(5, 8).conv(33, (3, 3), largest_shift=0)
    current = chain.last
    chain.neuron(levels=3, highest=highest)
    spikes = chain.last
    chain.add(Readout(name="read", input=current, leak=None), 33)
    assert_exact(chain.model(spikes, "read", current), SensorSize(12, 9), steps=6)


@pytest.mark.parametrize("shifts", [(0, 0), (1, 0), (0, 3), (12, 12)])
@pytest.mark.parametrize("order", [0, 1])
def test_residuals_are_exact_with_and_without_a_neuron_behind(shifts, order):
    chain = Chain(6, 4).conv(48, (1, 1))
    stream = chain.last
    chain.neuron(leak=2, levels=4, rounding=True).conv(48, (3, 3), padding=(1, 1))
    names = (chain.last, stream) if order else (stream, chain.last)
    chain.add(Add(name="sum", inputs=names, shifts=shifts), 48)
    chain.neuron(leak=3, levels=2)
    spikes = chain.last
    chain.conv(48, (1, 1), source=spikes)
    chain.add(Add(name="end", inputs=("sum", chain.last)), 48)
    assert_exact(chain.model(spikes, "sum", "end"), SensorSize(8, 7))


def test_one_current_may_have_many_readers():
    chain = Chain(7, 4).conv(18, (3, 3))
    current = chain.last
    for leak in (None, 1, 3):
        chain.neuron(source=current, leak=leak, levels=4)
    spikes = [name for name in chain.channels if name.startswith("neuron")]
    chain.add(Requantise(name="signed", input=current, shift=2), 18)
    chain.add(Requantise(name="unsigned", input=current, shift=0, dtype="uint8"), 18)
    chain.conv(5, (3, 3), source="signed", padding=(2, 2))
    assert_exact(
        chain.model(current, *spikes, "signed", "unsigned", chain.last), SensorSize(10, 10)
    )


@pytest.mark.parametrize("kind", ["sum", "max"])
@pytest.mark.parametrize(
    "settings",
    [
        {"size": (2, 2)},
        {"size": (3, 3), "stride": (2, 2), "padding": (1, 1)},
        {"size": (4, 1), "stride": (1, 3)},
        {"size": None},
    ],
)
def test_pools_are_exact(settings, kind):
    chain = Chain(8, 19).doubled()
    shift = 2 if kind == "sum" else 0
    chain.add(Pool(name="pool", input=chain.last, kind=kind, shift=shift, **settings), 19)
    assert_exact(chain.model(), SensorSize(13, 9))


def test_pyramids_are_exact():
    chain = Chain(9, 2).conv(20, (3, 3), padding=(1, 1)).neuron(levels=4)
    fine = chain.last
    chain.conv(35, (3, 3), stride=(2, 2), padding=(1, 1))
    coarse_current = chain.last
    chain.neuron(levels=4)
    chain.add(Upsample(name="up", input=chain.last, like=fine), 35)
    chain.add(Concat(name="both", inputs=("up", fine)), 55)
    chain.conv(9, (3, 3), padding=(1, 1))
    chain.add(Upsample(name="large", input=coarse_current, factor=3), 35)
    chain.add(Add(name="twice", inputs=("both", "both"), shifts=(0, 1)), 55)
    chain.conv(9, (5, 5), padding=(2, 2), groups=1)
    assert_exact(chain.model("both", "large", "twice", chain.last), SensorSize(15, 11))


def test_whole_planes_can_be_multiplied_with_a_matrix():
    chain = Chain(10, 3).conv(20, (3, 3), stride=(2, 2)).neuron(levels=4)
    weight = chain.rng.integers(-128, 128, (70, 20 * 4 * 6)).astype(np.int8)
    chain.add(
        Linear(
            name="fc", input=chain.last, weight=weight, bias=np.arange(70, dtype=np.int32),
            shift=np.full(70, 3, np.int8),
        ),
        70,
    )  # fmt: skip
    chain.neuron(levels=1)
    assert_exact(chain.model("fc", chain.last), SensorSize(13, 9))


def test_wide_rows_are_cut_into_stretches():
    chain = Chain(11, 2).conv(128, (3, 3), padding=(1, 1)).neuron(levels=4)
    chain.conv(128, (3, 3), padding=(1, 1), groups=128).neuron().conv(256, (1, 1), stride=(2, 1))
    assert_exact(chain.model(), SensorSize(203, 4), steps=2)


@pytest.mark.parametrize("share", [0.0, 0.02, 1.0])
@pytest.mark.parametrize("size", [SensorSize(1, 1), SensorSize(3, 50), SensorSize(40, 2)])
def test_threads_share_the_work_without_changing_it(size, share):
    chain = Chain(12, 2).conv(32, (3, 3), padding=(1, 1)).neuron(levels=4, leak=2)
    for _ in range(3):
        chain.conv(32, (3, 3), padding=(1, 1), groups=32).neuron(levels=4, leak=2)
        chain.conv(32, (1, 1)).neuron(levels=4, leak=2)
    assert_exact(chain.model(), size, share=share, threads=(1, 2, 3), steps=4)


SIZES = st.builds(SensorSize, st.integers(1, 30), st.integers(1, 12))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**32 - 1),
    size=SIZES,
    dtype=st.sampled_from(["uint8", "int8"]),
    channels=st.lists(st.integers(1, 70), min_size=2, max_size=5),
    bits=st.sampled_from([8, 4, 2]),
    share=st.sampled_from([0.0, 0.05, 0.3, 1.0]),
)
def test_random_networks_are_exact(seed, size, dtype, channels, bits, share):
    chain = Chain(seed, channels[0], dtype)
    for number, out_channels in enumerate(channels[1:]):
        kernel = [(1, 1), (3, 3), (5, 3), (2, 2)][int(chain.rng.integers(4))]
        stride = int(chain.rng.integers(1, 3))
        chain.conv(
            out_channels, kernel, padding=(kernel[0] // 2, kernel[1] // 2), bits=bits,
            stride=(stride, stride),
        )  # fmt: skip
        chain.neuron(leak=[None, 0, 1, 5][number % 4], levels=int(chain.rng.integers(1, 12)))
        chain.conv(out_channels, (3, 3), padding=(1, 1), groups=out_channels, bits=bits)
        if number % 2:
            chain.neuron(levels=4, rounding=True)
        else:
            chain.add(
                Requantise(name=chain.name("narrow"), input=chain.last, shift=4), out_channels
            )
    assert_exact(chain.model(), size, share=share, steps=2)


@pytest.mark.parametrize("normalise", [False, True])
def test_real_inputs_are_quantised_alike(normalise):
    model = IntegerModel(
        [
            Input(name="x", channels=3, dtype="int8", exponent=-3, normalise=normalise),
            *Chain(13, 3, "int8").conv(8, (3, 3), padding=(1, 1)).nodes[1:],
            Output(name="y", input="conv1"),
        ]
    )
    rng = np.random.default_rng(0)
    values = (rng.normal(size=(3, 6, 7)) * 10).astype(np.float32)
    values[0, 0, :3] = (np.nan, 0, 0) if normalise else (np.nan, np.inf, -np.inf)
    size = SensorSize(7, 6)
    network, simulator = IntegerNetwork(model, size), IntegerSimulator(model, size)
    for dtype in (np.float32, np.float64):
        given = {"x": values.astype(dtype)}
        np.testing.assert_array_equal(network.step(given)["y"], simulator.step(given)["y"])


def test_potentials_can_be_set_and_reset():
    chain = Chain(14, 2).conv(20, (3, 3), padding=(1, 1)).neuron(levels=4, leak=3)
    model, size = chain.model(), SensorSize(9, 9)
    values = {"x": np.full((2, 9, 9), 3, np.uint8)}
    network, other = IntegerNetwork(model, size), IntegerNetwork(model, size)
    first = network.step(values)["out0"]
    other.set_state(network.state)
    np.testing.assert_array_equal(network.step(values)["out0"], other.step(values)["out0"])
    network.reset()
    np.testing.assert_array_equal(network.step(values)["out0"], first)


def test_activity_counts_spikes_and_the_weights_they_reach():
    node = Conv2d(
        name="c", input="x", weight=np.ones((5, 2, 3, 3), np.int8), bias=np.zeros(5, np.int32),
        shift=np.zeros(5, np.int8), padding=(1, 1),
    )  # fmt: skip
    model = IntegerModel([Input(name="x", channels=2), node, Output(name="y", input="c")])
    network = IntegerNetwork(model, SensorSize(4, 3))
    values = np.zeros((2, 3, 4), np.uint8)
    values[0, 0, 0], values[1, 1, 1] = 2, 1
    network.step({"x": values})
    activity = network.activity()["c"]
    assert activity.active == 2
    assert activity.spikes == 3
    assert activity.synaptic_operations == 5 * (2 * 4 + 1 * 9)
    rows, columns = (2, 3, 2), (2, 3, 3, 2)
    assert activity.multiply_adds == 2 * 5 * sum(rows) * sum(columns)


def test_helping_threads_end_when_the_network_is_forgotten():
    before = set(threading.enumerate())
    network = IntegerNetwork(Chain(15, 1).conv(4, (1, 1)).model(), SensorSize(2, 2), threads=3)
    network.step({"x": np.ones((1, 2, 2), np.uint8)})
    helpers = [t for t in threading.enumerate() if t.name.startswith("integer-network")]
    helpers = [helper for helper in helpers if helper not in before]
    assert len(helpers) == 2
    del network
    for helper in helpers:
        helper.join(120)
    assert not any(helper.is_alive() for helper in helpers)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [({"threads": 0}, "threads must be 1 to 64"), ({"sparse": "yes"}, "sparse must be auto")],
)
def test_options_that_make_no_sense_are_refused(settings, problem):
    with pytest.raises(ValueError, match=problem):
        IntegerNetwork(Chain(16, 1).conv(1, (1, 1)).model(), SensorSize(1, 1), **settings)


def test_a_network_that_needs_too_much_memory_is_refused():
    model = Chain(17, 1).conv(1, (1, 1)).model()
    with pytest.raises(ValueError, match="more than 2\\*\\*30"):
        IntegerNetwork(model, SensorSize(16_384, 16_384))


DIGEST = """
import hashlib, sys
import numpy as np
from eventvision.core import SensorSize
from eventvision.spiking.integer import IntegerNetwork, load_model
network = IntegerNetwork(load_model(sys.argv[1]), SensorSize(21, 14), sparse=sys.argv[2])
digest = hashlib.sha256()
for step in range(3):
    values = np.random.default_rng(step).integers(0, 4, (3, 14, 21)).astype(np.uint8)
    for out in network.step({"x": values}).values():
        digest.update(out.tobytes())
print(digest.hexdigest())
"""


@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="not an x86 processor")
def test_a_plain_processor_gives_the_same_numbers(tmp_path):
    chain = Chain(18, 3).conv(40, (3, 3), padding=(1, 1), stride=(2, 2)).neuron(levels=4, leak=2)
    chain.conv(40, (3, 3), padding=(1, 1), groups=40).neuron(levels=4, leak=2).conv(23, (1, 1))
    save_model(chain.model(), tmp_path / "model.safetensors")
    plain = {"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": ""}
    digests = set()
    for extra in ({}, plain | {"NUMBA_CACHE_DIR": str(tmp_path)}):
        outcome = subprocess.run(
            [sys.executable, "-c", DIGEST, str(tmp_path / "model.safetensors"), "auto"],
            env=os.environ | extra, capture_output=True, text=True, check=True,
        )  # fmt: skip
        digests.add(outcome.stdout)
    assert len(digests) == 1
