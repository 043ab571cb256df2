"""The reference device runs NIR graphs as other tools understand them."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import pytest

nir = pytest.importorskip("nir")

from eventvision.core import ModelError, SessionOptions, load_card  # noqa: E402
from eventvision.devices import compare_devices, find_device, open_session  # noqa: E402

DIGITS = load_card("digits-nano")
REFERENCE = find_device("reference")


def only_nir(card, folder=None):
    """Return a card that has nothing but a NIR graph."""
    return dataclasses.replace(
        card, artifacts={"nir": card.artifacts["nir"]}, folder=folder or card.folder
    )


def with_graph(folder, *nodes):
    """Write a chain of nodes between 2x4x4 in and 10 out, and return its card."""
    shape = np.array([2, 4, 4])
    names = ["input", *(f"n{number}" for number in range(len(nodes))), "output"]
    graph = nir.NIRGraph(
        nodes={"input": nir.Input(shape), "output": nir.Output(np.array([10])),
               **dict(zip(names[1:-1], nodes, strict=True))},
        edges=list(pairwise(names)),
        type_check=False,
    )  # fmt: skip
    nir.write(folder / DIGITS.artifacts["nir"], graph)
    inputs = {"events": dataclasses.replace(DIGITS.inputs["events"], shape=(1, 2, 4, 4))}
    return dataclasses.replace(only_nir(DIGITS, folder), inputs=inputs)


def test_digits_nano_gives_the_golden_output():
    (found,) = compare_devices(only_nir(DIGITS), ["reference"], rounds=1)
    assert (found.problem, found.artifact) == ("", "nir")
    assert found.difference <= DIGITS.tolerance["nir"]


def linear():
    return nir.Linear(np.full((10, 32), 0.25))


def test_neurons_of_other_tools_fire_above_their_threshold_and_go_back_to_their_reset(tmp_path):
    fire = nir.IF(np.full(10, 1e4), np.full(10, 4.0), np.full(10, 1.0))
    flatten = nir.Flatten({"input": np.array([2, 4, 4])}, 0, -1)
    card = with_graph(tmp_path, flatten, linear(), fire)
    events = np.full((1, 2, 4, 4), 0.5, np.float32)
    with open_session(card, "reference") as session:
        found = [session.step({"events": events})["output"][0, 0] for _ in range(3)]
        session.reset()
        again = session.step({"events": events})["output"][0, 0]
    assert (found, again) == ([0.0, 1.0, 1.0], 0.0)


def test_a_leaky_readout_approaches_its_input(tmp_path):
    readout = nir.LI(np.full(10, 2e-4), np.ones(10), np.zeros(10))
    flatten = nir.Flatten({"input": np.array([2, 4, 4])}, 0, -1)
    with open_session(with_graph(tmp_path, flatten, linear(), readout), "reference") as session:
        ones = np.ones((1, 2, 4, 4), np.float32)
        found = [session.step({"events": ones})["output"][0, 3] for _ in range(3)]
    assert found == [4.0, 6.0, 7.0]


def test_what_is_not_known_is_named(tmp_path):
    many = np.ones(10)
    unknown = nir.CubaLIF(tau_syn=many, tau_mem=many, r=many, v_leak=many, v_threshold=many)
    flatten = nir.Flatten({"input": np.array([2, 4, 4])}, 0, -1)
    fit = REFERENCE.fits(with_graph(tmp_path, flatten, linear(), unknown), SessionOptions())
    assert (fit.is_yes, fit.layer) == (False, "n2")
    assert "CubaLIF" in fit.reason


def test_a_damaged_graph_is_an_error_that_names_the_model(tmp_path):
    (tmp_path / DIGITS.artifacts["nir"]).write_text("nothing")
    with pytest.raises(ModelError, match="digits-nano"):
        REFERENCE.fits(only_nir(DIGITS, tmp_path), SessionOptions())
