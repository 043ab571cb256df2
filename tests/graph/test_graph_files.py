"""Networks in files, and their integer form."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import EventVisionError, safetensors_from_bytes, safetensors_to_bytes
from eventvision.graph import (
    GraphStream,
    load_network,
    network_from_bytes,
    network_to_bytes,
    quantised,
    reference_nodes,
    save_network,
)

ALL_KINDS = ("float", "integer", "spiking float", "spiking integer")


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_network_comes_back_from_its_file(draw_network, draw_events, tmp_path, kind):
    network, events = draw_network(kind=kind), draw_events(count=150)
    save_network(network, tmp_path / "a.safetensors")
    back = load_network(tmp_path / "a.safetensors")
    assert network_to_bytes(back) == network_to_bytes(network)
    np.testing.assert_array_equal(
        GraphStream(back, events.sensor).nodes(events),
        GraphStream(network, events.sensor).nodes(events),
    )


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(EventVisionError, match="no such file"):
        load_network(tmp_path / "none.safetensors")


def changed(draw_network, change) -> bytes:
    arrays, metadata = safetensors_from_bytes(network_to_bytes(draw_network(kind="integer")))
    arrays = dict(arrays)
    change(arrays, metadata)
    return safetensors_to_bytes(arrays, metadata)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda a, m: m.update(format="other"), "format"),
        (lambda a, m: m.update(version="9"), "version"),
        (lambda a, m: m.update(network="{}"), "not complete"),
        (lambda a, m: m.update(network="[1"), "line 1"),
        (lambda a, m: m.update(network=m["network"].replace('"cell_px":8', '"cell_px":0')), "cell"),
        (lambda a, m: m.update(network=m["network"].replace(":20000", ":-1")), "horizon"),
        (lambda a, m: m.update(network=m["network"].replace('"sum"', '"mean"')), "aggregate"),
        (lambda a, m: a.update(more=a["head.bias"]), "belongs to nothing"),
        (lambda a, m: a.pop("layers.1.root"), "not complete"),
        (lambda a, m: a.update({"layers.1.shift": a["layers.1.shift"] + 60}), "shifted"),
        (lambda a, m: a.update({"layers.1.shift": a["layers.1.shift"] - 60}), "shift"),
        (lambda a, m: a.update({"layers.0.bias": a["layers.0.bias"].astype(np.float32)}), "int32"),
        (lambda a, m: a.update({"layers.0.weight": a["layers.0.weight"][:5]}), "place must be"),
        (lambda a, m: a.update({"head.weight": a["head.weight"][:, :3]}), "last layer"),
    ],
)  # fmt: skip
def test_wrong_files_are_refused_with_a_reason(draw_network, change, said):
    with pytest.raises(ValueError, match=said):
        network_from_bytes(changed(draw_network, change))


@pytest.mark.parametrize("cut", [0, 7, 40, -1])
def test_cut_files_are_refused(draw_network, cut):
    with pytest.raises(ValueError, match=r"."):
        network_from_bytes(network_to_bytes(draw_network())[:cut])


@pytest.mark.parametrize("aggregate", ["sum", "max"])
def test_the_integer_form_is_close_to_the_float_form(draw_network, draw_events, aggregate):
    network, events = draw_network(aggregate=aggregate, channels=(16, 16)), draw_events()
    integer = quantised(network, [events])
    found = reference_nodes(integer, events) * integer.scale
    expected = reference_nodes(network, events)
    assert integer.is_integer
    assert np.sqrt(np.mean((found - expected) ** 2)) < 0.03 * expected.std()


def test_the_integer_form_fires_nearly_alike(draw_network, draw_events):
    network, events = draw_network(kind="spiking float"), draw_events()
    integer = quantised(network, [])
    assert (reference_nodes(integer, events) != reference_nodes(network, events)).mean() < 0.05


def test_what_cannot_be_quantised_is_refused(draw_network, draw_events):
    with pytest.raises(ValueError, match="already"):
        quantised(draw_network(kind="integer"), [draw_events()])
    with pytest.raises(ValueError, match="recordings"):
        quantised(draw_network(), [])
