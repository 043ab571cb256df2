"""Which models the accelerator takes, how they are laid out, and what it says of others."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import SensorSize
from eventvision.devices.fpga import PARTS, MisfitError, plan_for
from eventvision.devices.fpga._parts import Memory, check_part
from eventvision.devices.fpga._windows import NOWHERE, pooled_places, windows_over
from eventvision.spiking.integer import (
    Add,
    Concat,
    Conv2d,
    Input,
    IntegerModel,
    Neuron,
    Output,
    Pool,
    Readout,
    Requantise,
    Upsample,
)

SENSOR = SensorSize(12, 10)


def convolution(name: str, source: str, channels: int = 2, out: int = 2, **more) -> Conv2d:
    settings = {
        "weight": np.ones((out, channels, 3, 3), np.int8),
        "bias": np.zeros(out, np.int32),
        "shift": np.zeros(out, np.int8),
        "padding": (1, 1),
    }
    return Conv2d(name=name, input=source, **(settings | more))


def neuron(name: str, source: str, channels: int = 2, **more) -> Neuron:
    return Neuron(name=name, input=source, threshold=np.full(channels, 9, np.int16), **more)


INPUT = Input(name="counts", channels=2)
FIRST = (INPUT, convolution("conv", "counts"), neuron("fire", "conv"))

REFUSED = {
    "signed input": (
        "counts",
        "signed",
        [
            Input(name="counts", channels=2, dtype="int8"),
            *FIRST[1:],
            Output(name="o", input="fire"),
        ],
    ),
    "two inputs": (
        "more",
        "one input",
        [
            *FIRST,
            Input(name="more", channels=2),
            Add(name="add", inputs=("fire", "more")),
            Output(name="o", input="add"),
        ],
    ),
    "two outputs": (
        "p",
        "one output",
        [*FIRST, Output(name="o", input="fire"), Output(name="p", input="fire")],
    ),
    "branch": (
        "side",
        "branches",
        [
            *FIRST,
            convolution("main", "fire"),
            convolution("side", "fire"),
            Add(name="add", inputs=("main", "side")),
            neuron("last", "add"),
            Output(name="o", input="last"),
        ],
    ),
    "concatenation": (
        "both",
        "Concat",
        [
            *FIRST,
            Concat(name="both", inputs=("fire", "fire")),
            Output(name="o", input="both"),
        ],
    ),
    "upsampling": (
        "large",
        "Upsample",
        [*FIRST, Upsample(name="large", input="fire"), Output(name="o", input="large")],
    ),
    "signed numbers between layers": (
        "narrow",
        "no spikes",
        [
            *FIRST,
            convolution("next", "fire"),
            Requantise(name="narrow", input="next"),
            Output(name="o", input="narrow"),
        ],
    ),
    "potentials that are read": (
        "after",
        "potentials of reads",
        [
            *FIRST,
            convolution("next", "fire"),
            Readout(name="reads", input="next"),
            neuron("after", "reads"),
            Output(name="o", input="after"),
        ],
    ),
    "largest of counts": (
        "pool",
        "largest",
        [INPUT, Pool(name="pool", input="counts", kind="max"), Output(name="o", input="pool")],
    ),
    "sums that overflow": (
        "pool",
        "16 bits",
        [
            INPUT,
            Pool(name="pool", input="counts", size=(10, 13), padding=(0, 1), shift=8),
            Output(name="o", input="pool"),
        ],
    ),
    "nothing between": ("o", "no layer", [INPUT, Output(name="o", input="counts")]),
}


@pytest.mark.parametrize("case", sorted(REFUSED))
def test_what_it_cannot_run_is_refused_by_name(case):
    layer, reason, nodes = REFUSED[case]
    with pytest.raises(MisfitError, match=reason) as caught:
        plan_for(IntegerModel(nodes), SENSOR)
    assert caught.value.layer == layer
    assert caught.value.remedy


def test_a_part_that_is_too_small_is_refused_at_the_layer_that_does_not_fit():
    model = IntegerModel(
        [
            *FIRST,
            convolution("wide", "fire", out=2048, weight=np.ones((2048, 2, 3, 3), np.int8)),
            neuron("many", "wide", 2048),
            Output(name="o", input="many"),
        ]
    )
    plan = plan_for(model, SensorSize(64, 48))
    with pytest.raises(MisfitError, match="block RAMs are needed, xc7z020 has 140") as caught:
        check_part(plan, PARTS["xc7z020"])
    assert caught.value.layer == "wide"
    check_part(plan_for(IntegerModel([*FIRST, Output(name="o", input="fire")]), SENSOR),
               PARTS["xc7z020"])  # fmt: skip


def test_words_that_no_event_can_name_are_refused():
    model = IntegerModel([*FIRST, Output(name="o", input="fire")])
    with pytest.raises(MisfitError, match="more than 4096"):
        plan_for(model, SensorSize(5000, 10))


def test_a_pool_that_only_adds_spikes_up_costs_no_layer():
    pool = Pool(name="pool", input="fire", size=(2, 2))
    nodes = [*FIRST, pool, convolution("next", "pool"), neuron("last", "next")]
    plan = plan_for(IntegerModel([*nodes, Output(name="o", input="last")]), SENSOR)
    assert [layer.weights_of for layer in plan.layers] == ["conv", "next"]
    assert (plan.layers[1].event_limit, plan.layers[1].sum_limit) == (1, 4)


def test_a_pool_of_counts_that_can_saturate_is_a_layer():
    nodes = [INPUT, Pool(name="pool", input="counts"), convolution("next", "pool")]
    model = IntegerModel([*nodes, neuron("last", "next"), Output(name="o", input="last")])
    assert [layer.weights_of for layer in plan_for(model, SENSOR).layers] == ["pool", "next"]


@pytest.mark.parametrize(
    ("channels", "most", "lanes", "groups"), [(8, 32, 8, 1), (33, 32, 17, 2), (10, 4, 4, 3)]
)
def test_channels_are_shared_out_evenly_among_words(channels, most, lanes, groups):
    nodes = [
        INPUT, convolution("conv", "counts", out=channels), neuron("fire", "conv", channels),
        Output(name="o", input="fire"),
    ]  # fmt: skip
    (layer,) = plan_for(IntegerModel(nodes), SENSOR, most_lanes=most).layers
    assert (layer.lanes, layer.groups) == (lanes, groups)


@pytest.mark.parametrize("most_lanes", [0, 257])
def test_numbers_of_lanes_out_of_range_are_refused(most_lanes):
    with pytest.raises(ValueError, match="most_lanes"):
        plan_for(IntegerModel([*FIRST, Output(name="o", input="fire")]), SENSOR,
                 most_lanes=most_lanes)  # fmt: skip


@pytest.mark.parametrize("extent", [1, 2, 3, 5])
@pytest.mark.parametrize("step", [1, 2, 3, 6])
@pytest.mark.parametrize("pad", [0, 1, 4])
def test_windows_are_those_of_the_definition(extent, step, pad):
    length = 11
    number = (length + 2 * pad - extent) // step + 1
    found = windows_over(np.arange(length), extent, step, pad, number)
    for place in range(length):
        pairs = [(int(found.first[place]) + i, int(found.kernel[place]) - i * step)
                 for i in range(int(found.covering[place]))]  # fmt: skip
        expected = [(window, place + pad - window * step) for window in range(number)
                    if 0 <= place + pad - window * step < extent]  # fmt: skip
        assert pairs == expected


@pytest.mark.parametrize(("extent", "step", "pad"), [(2, 2, 0), (2, 3, 1), (3, 3, 2), (1, 4, 0)])
def test_pooled_places_are_those_of_the_definition(extent, step, pad):
    length = 10
    number = (length + 2 * pad - extent) // step + 1
    found = pooled_places(np.arange(length), extent, step, pad, number)
    for place in range(length):
        covering = [w for w in range(number) if 0 <= place + pad - w * step < extent]
        assert [w for w in [int(found[place])] if w != NOWHERE] == covering


def test_what_a_pool_leaves_out_lies_in_no_window():
    windows = windows_over(np.array([0, NOWHERE, 1]), 3, 1, 1, 2)
    np.testing.assert_array_equal(windows.covering, [2, 0, 2])


@pytest.mark.parametrize(
    ("width", "depth", "block_rams"), [(72, 512, 1), (73, 512, 2), (8, 4096, 1), (512, 65, 8),
                                       (512, 64, 0)]
)  # fmt: skip
def test_memories_take_the_block_rams_of_their_best_shape(width, depth, block_rams):
    assert Memory("sums", width, depth).block_rams == block_rams
