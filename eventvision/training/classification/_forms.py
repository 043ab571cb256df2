"""The other forms of a trained classifier, each of which should answer as the network does."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from eventvision.spiking.convert import convert_relu, from_nir, to_nir
from eventvision.spiking.integer import IntegerModel, IntegerNetwork

from ._recipe import ClassifierRecipe
from ._samples import LabelledRecordings
from ._score import Score, score, spike_counts
from ._steps import recording_steps, step_counts
from ._train import RATE_SCALE, TrainedClassifier

_CALIBRATION = 50
_CONVERSION_STEPS = 16


def score_forms(
    trained: TrainedClassifier,
    recipe: ClassifierRecipe,
    known: LabelledRecordings,
    unknown: LabelledRecordings,
) -> dict[str, Score]:
    """Score the forms of a classifier on recordings that it did not learn from.

    Args:
        trained: The spiking network and its twin.
        recipe: Its settings.
        known: Recordings that it learned from; a few of them calibrate what needs it.
        unknown: Recordings to score on.

    Returns:
        By name: `integer`, the int8 network; `nir`, written as a NIR graph and read again;
        `converted`, the twin with its ReLUs turned into neurons, without further training.
    """
    some = known.select(np.arange(min(_CALIBRATION, len(known))))
    x, labels = recording_steps(recipe, unknown), unknown.labels
    nir = from_nir(to_nir(trained.net, x[0, :1]))
    whole = step_counts(some, steps=1, step_us=recipe.steps * recipe.step_us)[0] * RATE_SCALE
    converted, _ = convert_relu(trained.twin, [whole], steps=_CONVERSION_STEPS)
    with torch.no_grad():
        return {
            "integer": score(integer_counts(trained.integer, recipe, x), labels),
            "nir": score(spike_counts(nir, x), labels),
            "converted": score(converted(x.sum(0) * RATE_SCALE), labels),
        }


def integer_counts(model: IntegerModel, recipe: ClassifierRecipe, x: Tensor) -> Tensor:
    """Return how often each output of an integer network fired: (T, N, ...) -> (N, classes)."""
    (source,), (output,) = model.inputs, model.outputs
    counts = torch.zeros(x.shape[1], len(recipe.classes))
    with IntegerNetwork(model, recipe.sensor) as network:
        for i in range(x.shape[1]):
            network.reset()
            for step in x[:, i].numpy():
                fired = network.step({source.name: step})[output.name]
                counts[i] += torch.from_numpy(fired.reshape(-1).astype(np.float32))
    return counts
