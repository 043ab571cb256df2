"""graph-digits: both forms give the golden output, and read digits."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import EVENT_DTYPE, Events, SensorSize, load_card, load_golden
from eventvision.graph import GraphStream, load_network

CARD = load_card("graph-digits")
SENSOR = SensorSize(34, 34)
LEFT_OUT = 0
"""The fold that the shipped weights did not learn from."""


def events_of(rows: np.ndarray) -> Events:
    data = np.zeros(len(rows), EVENT_DTYPE)
    data["t"], data["x"], data["y"], data["on"] = rows.T
    return Events(data, SENSOR)


@pytest.mark.parametrize("form", sorted(CARD.artifacts))
def test_every_form_gives_the_golden_output(form):
    sample = load_golden(CARD)
    stream = GraphStream(load_network(CARD.artifact(form)), SENSOR)
    for rows, expected in zip(
        sample.inputs["events"], sample.expected(form)["output"], strict=True
    ):
        stream.push(events_of(rows))
        found = stream.read(int(rows[-1, 0]))
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)


def test_it_reads_digits_that_it_did_not_learn_from(shared_recordings):
    training = pytest.importorskip("eventvision.training.graphs")
    from eventvision.training.classification import folds, load_recordings

    recordings = load_recordings(shared_recordings / "nmnist" / "nmnist_400.npz")
    parts = list(folds(len(recordings), 8, seed=1000))
    test = recordings.select(parts[LEFT_OUT][1])
    network = load_network(CARD.artifact("graph-integer"))
    early, late = training.score_by_events(network, test, (0.2, 1.0))
    assert late.right >= 48
    assert early.right >= 40
