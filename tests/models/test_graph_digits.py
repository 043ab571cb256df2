"""graph-digits and its spiking variant: both forms give the golden output, and read digits."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import EVENT_DTYPE, Events, SensorSize, load_card, load_golden
from eventvision.graph import GraphStream, load_network

MODELS = ("graph-digits", "graph-digits-spiking")
FORMS = ("graph", "graph-integer")
SENSOR = SensorSize(34, 34)
LEFT_OUT = 0
"""The fold that the shipped weights did not learn from."""


def events_of(rows: np.ndarray) -> Events:
    data = np.zeros(len(rows), EVENT_DTYPE)
    data["t"], data["x"], data["y"], data["on"] = rows.T
    return Events(data, SENSOR)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", MODELS)
def test_every_form_gives_the_golden_output(name, form):
    card = load_card(name)
    sample = load_golden(card)
    stream = GraphStream(load_network(card.artifact(form)), SENSOR)
    for rows, expected in zip(
        sample.inputs["events"], sample.expected(form)["output"], strict=True
    ):
        stream.push(events_of(rows))
        found = stream.read(int(rows[-1, 0]))
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "early_right", "late_right"), [(MODELS[0], 40, 48), (MODELS[1], 44, 48)]
)
def test_it_reads_digits_that_it_did_not_learn_from(
    shared_recordings, name, early_right, late_right
):
    training = pytest.importorskip("eventvision.training.graphs")
    from eventvision.training.classification import folds, load_recordings

    recordings = load_recordings(shared_recordings / "nmnist" / "nmnist_400.npz")
    parts = list(folds(len(recordings), 8, seed=1000))
    test = recordings.select(parts[LEFT_OUT][1])
    network = load_network(load_card(name).artifact("graph-integer"))
    early, late = training.score_by_events(network, test, (0.2, 1.0))
    assert late.right >= late_right
    assert early.right >= early_right
