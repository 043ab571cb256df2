"""Training of triggers: losses that move spikes, costs of slices, a loop that learns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from eventvision.core import (  # noqa: E402
    ConfigError,
    Detections,
    Events,
    SensorSize,
    load_card,
    load_golden,
)
from eventvision.devices import open_session  # noqa: E402
from eventvision.spiking.integer import IntegerNetwork, load_model  # noqa: E402
from eventvision.training.networks import (  # noqa: E402
    TINY,
    Perception,
    SpikingReconstruction,
    Trigger,
)
from eventvision.training.run import train_recipe  # noqa: E402
from eventvision.training.triggers import (  # noqa: E402
    CellStream,
    Change,
    Detection,
    Reconstruction,
    Several,
    TriggerRecipe,
    best_ends,
    best_lengths,
    box_error,
    costs_of_ends,
    ends_of,
    linear_loss,
    load_trigger_recipe,
    make_stream,
    membrane_loss,
    potentials,
    rate_loss,
    train_trigger,
)
from eventvision.training.triggers._feedback import candidate_ends  # noqa: E402
from eventvision.training.triggers._losses import first_spikes  # noqa: E402
from eventvision.training.triggers._streams import cell_counts  # noqa: E402
from eventvision.training.triggers._whole import cheapest_lengths  # noqa: E402

SENSOR, CELL_US = SensorSize(32, 24), 2_500


def column(*values):
    return torch.tensor(values)[:, None].requires_grad_()


def moving_bar(speeds_px):
    """Return a stream in which a bar moves by so many pixels in each cell, an event a pixel."""
    random = np.random.default_rng(0)
    places = np.concatenate([[0], np.cumsum(speeds_px)]) % 32
    shades = np.zeros((len(places), 24, 32), np.uint8)
    t_us, x, y = [], [], []
    for cell, place in enumerate(places):
        columns = (int(place) + np.arange(6)) % 32
        shades[cell][:, columns] = 255
        if cell < len(speeds_px):
            count = int(24 * speeds_px[cell])
            t_us.append(np.sort(random.integers(cell * CELL_US, (cell + 1) * CELL_US, count)))
            x.append(random.choice(columns, count))
            y.append(random.integers(0, 24, count))
    times = np.concatenate(t_us)
    on = random.random(times.size) < 0.5
    events = Events.from_columns(times, np.concatenate(x), np.concatenate(y), on, sensor=SENSOR)
    edges = np.searchsorted(times, np.arange(len(places)) * CELL_US).astype(np.int64)
    return CellStream("bar", events, CELL_US, edges, cell_counts(events, edges), shades)


def small(**changes):
    given = {"longest_us": 50_000, "batch": 4, "steps": 60, "slices_per_second": 60.0}
    given |= {"kind": "trigger", "name": "toy", "downstream": "change"}
    return TriggerRecipe(**given | changes)


def test_potentials_add_up_and_never_fall_below_zero():
    v = potentials(column(0.5, -2.0, 0.25, 1.0))
    assert v[:, 0].tolist() == [0.5, 0.0, 0.25, 1.25]
    assert first_spikes(v.detach()).tolist() == [3]
    assert first_spikes(0.1 * v.detach()).tolist() == [3]


@pytest.mark.parametrize(("wanted", "should_grow"), [(1, True), (5, False)])
def test_the_membrane_loss_pulls_a_spike_to_where_it_is_wanted(wanted, should_grow):
    currents = column(0.3, 0.3, 0.3, 0.3, 0.3, 0.3)
    membrane_loss(currents, potentials(currents), torch.tensor([wanted])).sum().backward()
    assert (currents.grad[: wanted + 1] < 0).all() == should_grow
    assert (currents.grad[: wanted + 1] > 0).all() != should_grow


def test_the_membrane_loss_is_least_where_the_spike_comes_in_the_wanted_cell():
    wanted = torch.tensor([3])
    losses = {
        step: float(membrane_loss(c := torch.full((8, 1), step), potentials(c), wanted))
        for step in (0.1, 0.2, 0.28, 0.4, 0.7)
    }
    assert min(losses, key=losses.get) == 0.28


def test_the_linear_loss_speaks_only_where_no_current_does():
    silent, busy = column(0.5, 0.0, 0.0, 0.0), column(0.5, 0.1, 0.1, 0.1)
    wanted = torch.tensor([1])
    assert linear_loss(busy, potentials(busy), wanted).item() == 0
    loss = linear_loss(silent, potentials(silent), wanted)
    assert loss.item() == pytest.approx((0.5 - 4 / 2) ** 2)


def test_the_rate_loss_is_zero_where_slices_come_as_often_as_asked():
    even = torch.full((8, 3), 0.25)
    assert rate_loss(potentials(even), 4.0).item() == pytest.approx(0)
    assert rate_loss(potentials(even), 2.0).item() == pytest.approx(0.25)


def test_candidates_stay_inside_what_a_slice_may_last():
    assert candidate_ends(10, 0, 40, 3) == [4, 7, 10, 13, 16]
    assert candidate_ends(2, 0, 40, 3) == [1, 2, 5, 8]
    assert candidate_ends(40, 30, 40, 1) == [38, 39, 40]


def test_a_slice_should_end_sooner_where_the_scene_moves_faster():
    found = []
    for speed in (0.25, 2.0):
        stream = moving_bar([speed] * 24)
        ends = list(range(1, 21))
        shown = torch.from_numpy(stream.shades[0]).float()[None] / 255
        costs, pictures, memories = costs_of_ends(
            Change(), stream, first=0, ends=ends, shown=shown, memory={}, price=0.5, quality=0.5
        )
        assert [picture.shape for picture in pictures] == 20 * [(1, 24, 32)]
        assert len(memories) == 20
        found.append(best_ends(costs, ends))
    assert found[0] > found[1]


def test_a_higher_price_makes_slices_longer():
    stream = moving_bar([1.0] * 24)
    ends = list(range(1, 21))
    shown = torch.from_numpy(stream.shades[0]).float()[None] / 255
    found = [
        best_ends(
            costs_of_ends(
                Change(), stream, first=0, ends=ends, shown=shown, memory={}, price=price,
                quality=0.0,
            )[0],
            ends,
        )
        for price in (0.01, 0.2, 3.0)
    ]  # fmt: skip
    assert found[0] < found[1] < found[2]


@pytest.mark.parametrize("several", [False, True])
def test_a_network_downstream_remembers_the_slices_before_and_nothing_else(several):
    torch.manual_seed(0)
    network, stream = SpikingReconstruction(fine=4, coarse=8).eval(), moving_bar([1.0] * 24)
    downstream = Reconstruction(network, multiple=8)
    first = 0 if several else ...
    if several:
        downstream = Several([downstream, Change()])
    _, memories = downstream.answers(stream, {}, [(0, 4), (0, 8)])
    after, _ = downstream.answers(stream, memories[1], [(8, 12)])
    downstream.answers(stream, {}, [(0, 3)])
    again, _ = downstream.answers(stream, memories[1], [(8, 9), (8, 12)])
    torch.testing.assert_close(again[1][first], after[0][first], rtol=0, atol=1e-5)
    other, _ = downstream.answers(stream, memories[0], [(8, 12)])
    assert not torch.allclose(other[0][first], after[0][first])


def boxes(*rows, scores=None):
    scores = np.ones(len(rows), np.float32) if scores is None else np.float32(scores)
    array = np.array(rows, np.float32).reshape(-1, 4)
    return Detections(array, scores, np.zeros(len(rows), np.int64), ("thing",))


ONE, FAR = (0, 0, 10, 10), (30, 30, 10, 10)


@pytest.mark.parametrize(
    ("found", "true", "error"),
    [
        (boxes(ONE), [ONE], 0),
        (boxes(ONE, scores=[0.5]), [ONE], 1 - 2 * 0.5 / 1.5),
        (boxes(FAR), [ONE], 1),
        (boxes(ONE, FAR), [ONE], 1 - 2 / 3),
        (boxes(ONE), [ONE, FAR], 1 - 2 / 3),
        (boxes((0, 0, 10, 5)), [ONE], 0.5),
        (boxes(ONE, scores=[0.01]), [ONE], 1),
        (boxes(), [ONE], 1),
        (None, [ONE], 1),
        (boxes(ONE), [], 0),
    ],
)
def test_boxes_are_wrong_by_what_they_do_not_share_with_objects(found, true, error):
    objects = np.array(true, np.float32).reshape(-1, 4)
    assert box_error(found, objects) == pytest.approx(error)


def test_a_detection_network_downstream_is_scored_by_the_boxes_of_each_edge():
    network, bar = Perception(TINY, spiking=True), moving_bar([1.0] * 24)
    stream = replace(bar, boxes_at=lambda edge: np.array([[edge, 0, 6, 24]], np.float32))
    downstream = Detection(network, multiple=32)
    (answer,), memories = downstream.answers(stream, {}, [(0, 4)])
    downstream.answers(stream, memories[0], [(4, 8), (4, 9)])
    assert isinstance(answer, Detections)
    exact = boxes((4, 0, 6, 24))
    errors = downstream.errors(stream, exact, range(4, 8)).tolist()
    assert errors[0] == 0
    assert errors == sorted(errors)
    assert downstream.errors(stream, None, range(3)).tolist() == [1, 1, 1]


def test_the_cheapest_cuts_of_a_stream_are_those_that_trying_all_finds():
    random = np.random.default_rng(4)
    errors, price, most = random.random((10, 4)), 0.4, 4
    errors[:, 0] = 0

    def cost(ends):
        starts = [0, *ends[:-1]]
        return sum(
            price + errors[first, : end - first].sum()
            for first, end in zip(starts, ends, strict=True)
        )

    def ways(first):
        if first == 9:
            yield []
        for end in range(first + 1, min(first + most, 9) + 1):
            yield from ([end, *rest] for rest in ways(end))

    best = min(ways(0), key=cost)
    assert ends_of(cheapest_lengths(errors, price)) == best


def test_the_best_cuts_come_at_the_asked_rate_and_more_often_where_the_scene_moves_faster():
    stream = moving_bar(np.repeat([0.25, 1.0], 48))
    lengths = best_lengths(stream, asked_cells=6.0, most_cells=20)
    ends = ends_of(lengths)
    assert ends[-1] == stream.cells
    assert len(ends) == pytest.approx(16, abs=2)
    slow, fast = (sum(low < end <= low + 48 for end in ends) for low in (0, 48))
    assert fast >= 1.5 * slow


def test_a_trigger_learns_the_best_cuts_of_whole_streams():
    random = np.random.default_rng(1)
    streams = [moving_bar(np.repeat(random.choice([0.25, 1.0], 8), 12)) for _ in range(3)]
    notes = []
    recipe = small(steps=100, batch=4, search="whole", slices_per_second=100.0)
    train_trigger(recipe, streams=streams, watch=notes.append)
    assert notes[-1].cost < 0.3 * notes[0].cost


def test_training_brings_spikes_to_where_they_are_best():
    random = np.random.default_rng(1)
    streams = [moving_bar(np.repeat(random.choice([0.25, 2.0], 8), 12)) for _ in range(3)]
    notes = []
    trained = train_trigger(small(steps=150), streams=streams, watch=notes.append)
    assert [note.step for note in notes] == [50, 100, 150]
    assert notes[-1].loss < notes[0].loss
    assert abs(notes[-1].cells - notes[-1].wanted) < 4
    for value in trained.parameters():
        assert torch.equal(value * 64, (value * 64).round())


def test_the_same_recipe_gives_the_same_trigger():
    streams = [moving_bar([1.0] * 60)]
    one, two = (train_trigger(small(steps=5), streams=streams) for _ in range(2))
    for a, b in zip(one.parameters(), two.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("left_out", ["membrane", "linear", "rate", "feedback"])
def test_each_part_of_the_loss_can_be_left_out(left_out):
    off = False if left_out == "feedback" else 0.0
    recipe = small(steps=3, losses={left_out: off})
    assert isinstance(train_trigger(recipe, streams=[moving_bar([1.0] * 60)]), Trigger)


def test_a_stream_knows_events_and_light_of_every_cell():
    stream = make_stream("shapes", SENSOR, seed=3, seconds=0.05, cell_us=CELL_US)
    assert (stream.cells, stream.shades.shape) == (20, (21, 24, 32))
    assert stream.edges[0] == 0
    assert stream.edges[-1] == len(stream.events)
    part = stream.slice(4, 9)
    assert (part.t0_us, part.t1_us) == (10_000, 22_500)
    assert len(part) == stream.edges[9] - stream.edges[4]
    assert (part.events.t >= 10_000).all()
    assert (part.events.t < 22_500).all()


RECIPE = """
kind = "trigger"
name = "toy-trigger"
downstream = "change"
longest_us = 20000
batch = 2
steps = 3
[streams]
scenes = ["shapes"]
count = 1
seconds = 0.12
width = 64
height = 48
"""


def test_the_written_model_is_the_same_on_every_device(tmp_path):
    (tmp_path / "recipe.toml").write_text(RECIPE)
    said = []
    train_recipe(
        tmp_path / "recipe.toml", tmp_path / "toy", slices_per_second=40.0, say=said.append
    )
    card = load_card(tmp_path / "toy")
    assert "rate=40," in card.slicer
    sample = load_golden(card)
    rows, columns = sample.inputs["cell"].shape[-2:]
    for device in ("onnx", "cpu", "reference"):
        session = open_session(card, device, sizes={"rows": rows, "columns": columns})
        found = [session.step({"cell": cell})["current"] for cell in sample.inputs["cell"]]
        np.testing.assert_array_equal(np.stack(found), sample.outputs["current"])
        session.close()
    with IntegerNetwork(load_model(card.artifact("integer")), SensorSize(columns, rows)) as whole:
        counts = [whole.step({"cell": cell[0]})["current"].copy() for cell in sample.inputs["cell"]]
    np.testing.assert_array_equal(np.stack(counts), sample.integer_outputs["current"])


def test_a_recipe_that_is_wrong_is_named(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE.replace("batch = 2", "batch = 0"))
    with pytest.raises(ConfigError, match="batch"):
        load_trigger_recipe(path)
    path.write_text(RECIPE.replace('"change"', '"reconstruction-nano"\nsearch = "whole"'))
    with pytest.raises(ConfigError, match="change only"):
        load_trigger_recipe(path)
    path.write_text('kind = "reconstruction"')
    with pytest.raises(ConfigError, match="slices-per-second"):
        train_recipe(path, tmp_path / "out", slices_per_second=3.0)
    with pytest.raises(ConfigError, match="reconstruction model"):
        train_trigger(small(downstream="digits-nano"), streams=[moving_bar([1.0] * 60)])
