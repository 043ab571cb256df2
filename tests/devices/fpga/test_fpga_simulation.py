"""The accelerator in simulation gives the integer simulator's spikes and potentials, every one."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import DeviceError, SensorSize, load_card
from eventvision.devices.fpga import Accelerator, built_library, measure, plan_for
from eventvision.devices.fpga._words import steps_in, unpacked
from eventvision.spiking.integer import IntegerSimulator, load_model

SENSOR = SensorSize(9, 7)
SAMPLES = 24
STEPS, STEP_US = 16, 20_000


@pytest.fixture(scope="module")
def samples(shared_recordings):
    """Counts of real N-MNIST recordings, shape (samples, steps, 2, 34, 34)."""
    with np.load(shared_recordings / "nmnist" / "nmnist_400.npz") as file:
        columns = {name: file[name] for name in ("t", "x", "y", "on", "offsets")}
    counts = np.zeros((SAMPLES, STEPS, 2, 34, 34), np.int64)
    every = (len(columns["offsets"]) - 1) // SAMPLES
    for sample in range(SAMPLES):
        whole = slice(*columns["offsets"][sample * every :][:2])
        t, x, y, on = (columns[name][whole].astype(np.int64) for name in ("t", "x", "y", "on"))
        step = t // STEP_US
        kept = step < STEPS
        np.add.at(counts[sample], (step[kept], on[kept], y[kept], x[kept]), 1)
    return np.minimum(counts, 255).astype(np.uint8)


def expected_run(model, recording, plan, *, size=SENSOR):
    """Return outputs, tensors of all layers and potentials after each step, as they should be."""
    simulator = IntegerSimulator(model, size)
    outputs, layers, states = [], [], []
    for counts in recording:
        (output,) = simulator.step({plan.input_name: counts}).values()
        outputs.append(output)
        layers.append([simulator.tensor(layer.name).copy() for layer in plan.layers])
        states.append(simulator.state)
    return outputs, layers, states


def sent_by(link, number, layer):
    """Return what a layer sent in each step, as tensors."""
    tensors = []
    for step in steps_in(link.seen(number)):
        tensor = np.zeros(layer.plane.array, np.int64)
        events = unpacked(step)
        np.add.at(tensor, (events.channel, events.y, events.x), events.value)
        tensors.append(tensor)
    return tensors


@pytest.mark.parametrize("name", ["varied", "spiking"])
def test_every_spike_and_potential_is_right_after_every_step(name, simulate, recording, request):
    model, plan = (request.getfixturevalue(f"{name}_{what}") for what in ("model", "plan"))
    steps = recording(model, 12)
    outputs, layers, states = expected_run(model, steps, plan)
    accelerator, link = simulate(model, plan)
    link.watch()
    for counts, output, state in zip(steps, outputs, states, strict=True):
        np.testing.assert_array_equal(accelerator.step({plan.input_name: counts})
                                      [plan.output_name], output)  # fmt: skip
        found = accelerator.state
        assert found.keys() == state.keys()
        for node, potential in state.items():
            np.testing.assert_array_equal(found[node], potential, err_msg=node)
    for number, layer in enumerate(plan.layers):
        expected = [step[number] for step in layers]
        assert any(tensor.any() for tensor in expected), f"{layer.name} is silent"
        np.testing.assert_array_equal(sent_by(link, number, layer), expected, layer.name)


def test_the_varied_model_reaches_the_limits_of_its_numbers(varied_model, varied_plan, recording):
    simulator = IntegerSimulator(varied_model, SENSOR)
    found = {"conv1": [], "narrow": [], "fire1": []}
    for counts in recording(varied_model, 12):
        simulator.step({"counts": counts})
        for name, values in found.items():
            values.append(simulator.tensor(name).copy())
    assert {np.max(found["conv1"]), np.min(found["conv1"])} == {2**15 - 1, -(2**15)}
    assert np.max(found["narrow"]) > 127
    assert set(np.unique(found["fire1"])) == {0, 1, 2, 3}
    assert {layer.groups for layer in varied_plan.layers} == {2}


@pytest.mark.parametrize("share", [0.2, 0.9])
def test_streams_that_stall_change_nothing(share, simulate, recording, varied_model, varied_plan):
    steps = recording(varied_model, 10, seed=3)
    outputs, _, states = expected_run(varied_model, steps, varied_plan)
    accelerator, link = simulate(varied_model, varied_plan)
    link.stall(share, seed=7)
    np.testing.assert_array_equal(accelerator.run(steps), outputs)
    link.stall(0.0)
    for node, potential in accelerator.state.items():
        np.testing.assert_array_equal(potential, states[-1][node], err_msg=node)


def test_steps_sent_one_after_another_overlap(simulate, recording, varied_model, varied_plan):
    steps = recording(varied_model, 10)
    outputs, _, _ = expected_run(varied_model, steps, varied_plan)
    accelerator, _ = simulate(varied_model, varied_plan)
    np.testing.assert_array_equal(accelerator.run(steps), outputs)
    together = accelerator.step_cycles
    accelerator.reset()
    alone = 0
    for counts in steps:
        accelerator.run([counts])
        alone += accelerator.step_cycles
    assert together < 0.9 * alone


def test_a_reset_forgets_everything(simulate, recording, varied_model, varied_plan):
    steps = recording(varied_model, 4)
    accelerator, _ = simulate(varied_model, varied_plan)
    first = accelerator.run(steps)
    accelerator.reset()
    assert accelerator.counters[:3] == (0, 0, 0)
    for layer in varied_plan.layers:
        if layer.neurons.name:
            potential = accelerator.state[layer.neurons.name]
            assert (potential == layer.neurons.initial[:, None, None]).all()
    np.testing.assert_array_equal(accelerator.run(steps), first)


def test_events_are_counted(simulate, recording, spiking_model, spiking_plan):
    steps = recording(spiking_model, 5)
    accelerator, _ = simulate(spiking_model, spiking_plan)
    outputs = accelerator.run(steps)
    counters = accelerator.counters
    assert counters.events_in == sum(np.count_nonzero(counts) for counts in steps)
    assert counters.steps == 5
    assert np.count_nonzero(outputs) <= counters.events_out
    assert 0 < counters.latency_cycles < counters.busy_cycles


@pytest.mark.parametrize(
    "word", [(9 << 16) | 1, (7 << 28) | 1, (1 << 40) | 1, 256, 0, 0xFFFF], ids=hex
)
def test_events_that_make_no_sense_are_dropped_and_told(
    word, simulate, recording, spiking_model, spiking_plan
):
    steps = recording(spiking_model, 2)
    accelerator, link = simulate(spiking_model, spiking_plan)
    expected = accelerator.run(steps)
    accelerator.reset()
    link.exchange(np.array([word], np.uint64), 0)
    with pytest.raises(DeviceError, match="dropped an event"):
        accelerator.run(steps)
    accelerator.reset()
    np.testing.assert_array_equal(accelerator.run(steps), expected)


def test_an_accelerator_of_another_model_is_refused(simulate, spiking_model, spiking_plan):
    _, link = simulate(spiking_model, spiking_plan)
    with pytest.raises(DeviceError, match="another model"):
        Accelerator(spiking_model, spiking_plan, 0x1234, link)


def test_inputs_of_another_shape_are_refused(simulate, spiking_model, spiking_plan):
    accelerator, _ = simulate(spiking_model, spiking_plan)
    with pytest.raises(ValueError, match=r"shape \(1, 7, 9\), got \(1, 9, 7\)"):
        accelerator.run([np.zeros((1, 9, 7), np.uint8)])


def test_a_closed_simulation_says_so(simulate, spiking_model, spiking_plan):
    accelerator, _ = simulate(spiking_model, spiking_plan)
    accelerator.close()
    accelerator.close()
    with pytest.raises(DeviceError, match="closed"):
        accelerator.reset()


def test_models_of_one_structure_share_a_library(simulate, spiking_model, spiking_plan):
    simulate(spiking_model, spiking_plan)
    assert built_library(spiking_plan) == built_library(spiking_plan)


@pytest.fixture(scope="module")
def digits():
    card = load_card("digits-nano")
    model = load_model(card.artifact("integer"))
    return model, plan_for(model, SensorSize(34, 34))


def test_digits_read_real_recordings_to_the_last_potential(digits, simulate, samples):
    model, plan = digits
    accelerator, link = simulate(model, plan)
    fired = 0
    for steps in samples:
        outputs, layers, states = expected_run(model, steps, plan, size=SensorSize(34, 34))
        accelerator.reset()
        link.watch()
        np.testing.assert_array_equal(accelerator.run(steps), outputs)
        for index, layer in enumerate(plan.layers):
            np.testing.assert_array_equal(sent_by(link, index, layer), [s[index] for s in layers])
        for node, potential in accelerator.state.items():
            np.testing.assert_array_equal(potential, states[-1][node], err_msg=node)
        fired += np.sum(outputs)
    assert fired > SAMPLES


def test_digits_answer_an_event_within_25_microseconds(digits, simulate):
    model, plan = digits
    accelerator, _ = simulate(model, plan)
    report = measure(accelerator, [np.zeros((2, 34, 34), np.uint8)] * 2)
    assert report.update <= 25 * 200
    assert report.streamed > 0
