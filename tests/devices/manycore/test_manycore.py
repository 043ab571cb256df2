"""Networks on meshes: cut so that every core has room, placed with little traffic, never stuck."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks.placement import MESHES, resnet
from eventvision.core import ConfigError, SensorSize, load_card
from eventvision.devices.manycore import (
    Mesh,
    MeshLayer,
    finds_circle,
    flows_of,
    layers_of,
    layers_of_card,
    link_loads,
    load_mesh,
    naive_partition,
    packed_partition,
    place,
    place_naively,
    roomy_partition,
    route,
    traffic_of,
)
from eventvision.kernels.placement import anneal
from eventvision.spiking.integer import load_model

MESH = Mesh(width=6, height=5, core_neurons=256, core_weights_kib=1, link_spikes=1000.0)


def chain(*shapes, channel_weights=100, reach=1):
    """Return layers, each of which reads the one before."""
    layers, before = [], ()
    for number, shape in enumerate(shapes):
        spikes = 0.1 * shape[0] * shape[1] * shape[2]
        layer = MeshLayer(name=f"l{number}", shape=shape, channel_weights=channel_weights,
                          sources=before, spikes=spikes, reach=reach)  # fmt: skip
        layers.append(layer)
        before = (layer.name,)
    return tuple(layers)


LAYERS = chain((8, 16, 16), (16, 8, 8), (16, 8, 8), (20, 4, 4))


@pytest.mark.parametrize("cut", [roomy_partition, packed_partition, naive_partition])
def test_pieces_cover_every_neuron_once_and_have_room(cut):
    found = cut(LAYERS, MESH)
    covered = {layer.name: np.zeros(layer.shape[:2], int) for layer in LAYERS}
    for group in found.groups:
        assert sum(piece.neurons for piece in group) <= MESH.core_neurons
        assert sum(piece.weights for piece in group) <= MESH.core_weights
        assert len({piece.layer for piece in group}) <= MESH.core_layers
        for piece in group:
            covered[piece.layer][slice(*piece.channels), slice(*piece.rows)] += 1
    assert all((counts == 1).all() for counts in covered.values())


def test_sharing_cores_needs_fewer_of_them():
    alone = Mesh(width=6, height=5, core_neurons=256, core_weights_kib=4, core_layers=1)
    shared = Mesh(width=6, height=5, core_neurons=256, core_weights_kib=4, core_layers=2)
    layers = chain((3, 8, 8), (3, 4, 4))
    assert roomy_partition(layers, alone).cores == 2
    assert roomy_partition(layers, shared).cores == 1


@pytest.mark.parametrize("cut", [roomy_partition, packed_partition, naive_partition])
@pytest.mark.parametrize(
    "layer", [chain((1, 1, 257)), chain((1, 1, 1), channel_weights=1025)], ids=["row", "weights"]
)
def test_what_no_core_holds_is_refused_by_name(cut, layer):
    with pytest.raises(ConfigError, match="channel of layer l0"):
        cut(layer, MESH)


def test_a_network_too_large_for_the_mesh_is_refused():
    with pytest.raises(ConfigError, match="expected 32 cores"):
        place(chain((8, 32, 32)), Mesh(width=5, height=5, core_neurons=256, core_weights_kib=1))


def test_spikes_go_to_each_core_that_needs_them_once():
    layers = chain((2, 8, 8), (4, 8, 8), reach=1)
    found = roomy_partition(layers, Mesh(width=9, height=9, core_neurons=64, core_weights_kib=1,
                                   core_layers=1))  # fmt: skip
    flows = flows_of(found)
    expected = {}
    for number, (sender,) in enumerate(found.groups):
        for goal, (receiver,) in enumerate(found.groups):
            if (sender.layer, receiver.layer) == ("l0", "l1"):
                rows = [row for row in range(*sender.rows)
                        if receiver.rows[0] - 1 <= row < receiver.rows[1] + 1]  # fmt: skip
                channels = sender.channels[1] - sender.channels[0]
                if rows:
                    expected[number, goal] = 0.1 * 8 * channels * len(rows)
    found_flows = dict(zip(zip(*map(np.ndarray.tolist, flows[:2]), strict=True), flows.spikes,
                           strict=True))  # fmt: skip
    assert found_flows == pytest.approx(expected)
    assert expected


def test_routes_go_along_the_row_first_and_links_carry_what_passes_them():
    draw = np.random.default_rng(2)
    found = place_naively(LAYERS, MESH)
    places = draw.permutation(MESH.cores)[: found.cores]
    loads = link_loads(found.flows, places, MESH.width, MESH.cores)
    expected = np.zeros_like(loads)
    sides = {1: 0, -1: 1, MESH.width: 2, -MESH.width: 3}
    for source, goal, spikes in zip(*found.flows, strict=True):
        passed = route(int(places[source]), int(places[goal]), MESH.width)
        for one, other in pairwise(passed):
            expected[one, sides[other - one]] += spikes
    np.testing.assert_allclose(loads, expected)
    assert loads.sum() == pytest.approx(traffic_of(found.flows, places, MESH.width))


def test_routes_along_rows_then_columns_never_wait_in_a_circle():
    every = [route(one, other, 4) for one in range(16) for other in range(16)]
    assert finds_circle(every) == []


def test_four_turns_round_a_square_are_found_to_block_each_other():
    around = [[0, 1, 4, 3], [1, 4, 3, 0], [4, 3, 0, 1], [3, 0, 1, 4]]
    circle = finds_circle(around)
    assert len(circle) == 4
    assert finds_circle(around[:2]) == []


def problem(seed, tasks=10, width=4, height=3):
    """Return places, holders and flows of tasks that talk at random."""
    draw = np.random.default_rng(seed)
    places = draw.permutation(width * height)[:tasks].astype(np.int64)
    holds = np.full(width * height, -1)
    holds[places] = np.arange(tasks)
    dense = np.triu(draw.integers(0, 9, (tasks, tasks)) * (draw.random((tasks, tasks)) < 0.5), 1)
    both = (dense + dense.T).astype(float)
    starts = np.concatenate(([0], np.cumsum((both > 0).sum(1))))
    return places, holds, starts, np.nonzero(both)[1], both[both > 0], dense


def spikes_times_hops(dense, places, width):
    rows, columns = np.divmod(places, width)
    hops = abs(rows[:, None] - rows) + abs(columns[:, None] - columns)
    return float((dense * hops).sum())


def test_annealing_lowers_the_traffic_and_knows_by_how_much():
    places, holds, starts, partners, flows, dense = problem(1)
    before = spikes_times_hops(dense, places, 4)
    changed = anneal(places, holds, starts, partners, flows, 4, 10.0, 0.1, 20_000, 7)
    assert spikes_times_hops(dense, places, 4) == pytest.approx(before + changed)
    assert changed < -0.1 * before
    assert sorted(places) == sorted(np.flatnonzero(holds >= 0))
    assert all(holds[place] == task for task, place in enumerate(places))


def test_the_kernel_does_what_its_plain_original_does():
    compiled, plain = problem(3), problem(3)
    settings = (4, 10.0, 0.1, 300, 5)
    with np.errstate(over="ignore"):
        expected = anneal.py_func(*plain[:5], *settings)
    assert anneal(*compiled[:5], *settings) == pytest.approx(expected)
    np.testing.assert_array_equal(compiled[0], plain[0])


def test_a_placement_is_the_same_for_the_same_seed():
    one, other = (place(LAYERS, MESH, seed=4, trials=2000) for _ in range(2))
    np.testing.assert_array_equal(one.places, other.places)


def test_a_resnet_18_takes_fewer_cores_and_much_less_traffic_than_naively():
    layers = resnet(18)
    mesh = MESHES["large cores"]
    ours, naive = place(layers, mesh, trials=60_000), place_naively(layers, mesh)
    assert sum(layer.channel_weights * layer.shape[0] for layer in layers) > 11e6
    assert ours.cores < 0.9 * naive.cores
    assert ours.traffic < 0.7 * naive.traffic
    same_cut = place_naively(layers, mesh, cut=ours.partition)
    assert ours.traffic < 0.7 * same_cut.traffic
    assert ours.is_deadlock_free
    assert len(set(ours.places.tolist())) == ours.cores


@pytest.mark.parametrize("name", MESHES)
@pytest.mark.parametrize("depth", [18, 34])
def test_packed_resnets_take_a_fifth_fewer_cores_than_naively(depth, name):
    layers, mesh = resnet(depth), MESHES[name]
    assert packed_partition(layers, mesh).cores < 0.8 * naive_partition(layers, mesh).cores


def test_layers_come_from_an_integer_model():
    card = load_card("digits-nano")
    model = load_model(card.artifact("integer"))
    layers = layers_of(model, SensorSize(34, 34), rate=0.2, rates={"conv2": 0.5})
    assert [layer.name for layer in layers] == ["conv1", "conv2", "conv3", "linear"]
    assert [layer.sources for layer in layers] == [(), ("conv1",), ("conv2",), ("conv3",)]
    assert layers[1].spikes == 0.5 * 16 * 17 * 17
    assert layers[0].spikes == pytest.approx(0.2 * 8 * 17 * 17)
    assert (layers[0].channel_weights, layers[0].reach, layers[3].is_whole) == (50, 2, True)
    assert layers_of_card(card, {}, rate=0.1)[0].shape == (8, 17, 17)


def test_sums_pass_on_who_spiked(toy_residual):
    layers = {layer.name: layer.sources for layer in layers_of(toy_residual, SensorSize(8, 8))}
    assert layers["c3"] == ("c1", "c2")


@pytest.fixture
def toy_residual():
    from eventvision.spiking.integer import Add, Conv2d, Input, IntegerModel, Neuron, Output

    def conv(name, before):
        return Conv2d(name=name, input=before, weight=np.ones((2, 2, 3, 3), np.int8),
                      bias=np.zeros(2, np.int32), shift=np.zeros(2, np.int8),
                      padding=(1, 1))  # fmt: skip

    def fires(name, before):
        return Neuron(name=name, input=before, threshold=np.full(2, 5, np.int16))

    return IntegerModel((
        Input(name="in", channels=2), conv("c1", "in"), fires("n1", "c1"), conv("c2", "n1"),
        fires("n2", "c2"), Add(name="sum", inputs=("n1", "n2")), conv("c3", "sum"),
        fires("n3", "c3"), Output(name="out", input="n3"),
    ))  # fmt: skip


GOOD = "[mesh]\nwidth = 4\nheight = 4\n[core]\nneurons = 2048\nweights_kib = 8\n"


def test_a_mesh_is_read_from_a_file(tmp_path):
    path = tmp_path / "mesh.toml"
    path.write_text(GOOD + "layers = 3\n[link]\nspikes_per_step = 1e4\ncost = 2\n")
    mesh = load_mesh(path)
    assert (mesh.cores, mesh.core_weights, mesh.core_layers) == (16, 8192, 3)
    assert (mesh.link_spikes, mesh.link_cost) == (1e4, 2)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[mesh", "readable TOML"),
        (GOOD + "[core2]\nx = 1", "core2.x"),
        (GOOD.replace("width = 4", ""), "mesh.width"),
        (GOOD.replace("width = 4", "width = 'four'"), "a number"),
        (GOOD.replace("width = 4", "width = 4.5"), "a number"),
        (GOOD.replace("width = 4", "width = true"), "a number"),
        (GOOD.replace("width = 4", "width = -4"), "width must be positive"),
        (GOOD.replace("width = 4", "width = 70000"), "at most 65536 cores"),
        ("mesh = 3", "mesh"),
    ],
)
def test_a_mesh_that_makes_no_sense_is_an_error_that_says_why(tmp_path, text, told):
    path = tmp_path / "mesh.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=told):
        load_mesh(path)


def test_a_missing_mesh_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match="--mesh"):
        load_mesh(tmp_path / "none.toml")


@pytest.fixture
def place_command(tmp_path):
    from eventvision_apps.cli.main import app

    path = tmp_path / "mesh.toml"

    def command(*options, mesh=GOOD):
        path.write_text(mesh)
        return CliRunner().invoke(app, ["place", "digits-nano", "--mesh", str(path), *options])

    return command


def test_the_command_tells_cores_traffic_and_routing(place_command):
    outcome = place_command()
    assert outcome.exit_code == 0, outcome.output
    for word in ("conv3", "found", "naive", "free of deadlock", "yes, along rows"):
        assert word in outcome.output


def test_the_command_packs_cores_when_asked_to(place_command):
    loose, packed = (
        json.loads(place_command("--json", *more).output) for more in ((), ("--fewest-cores",))
    )
    assert packed["found"]["cores"] <= loose["found"]["cores"]


def test_the_command_gives_every_core_as_json(place_command):
    found = json.loads(place_command("--json").output)
    assert found["is_deadlock_free"]
    assert len(found["cores"]) == found["found"]["cores"]
    assert found["cores"][0]["pieces"][0]["layer"] == "conv1"


def test_the_command_fails_where_a_link_cannot_keep_up(place_command):
    outcome = place_command("--rate", "0.5", mesh=GOOD + "[link]\nspikes_per_step = 1\n")
    assert outcome.exit_code == 1
    assert "more spikes than it can carry" in outcome.output
