"""Scores of a recipe by cross-validation, beside logistic regression on the same splits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch

from eventvision.core import ModelCard
from eventvision.spiking.integer import load_model
from eventvision.spiking.learning import adapt

from ._files import load_classifier
from ._forms import integer_counts, score_forms
from ._logistic import fit_logistic
from ._recipe import ClassifierRecipe
from ._samples import LabelledRecordings
from ._score import Score, folds, score, spike_counts
from ._steps import recording_steps, step_counts
from ._train import RATE_SCALE, TrainedClassifier, Watcher, train_classifier

_PENALTY = 1e-3
_ADAPT_EPOCHS, _ADAPT_RATE = 10, 3e-3


@dataclass(frozen=True, slots=True)
class FoldScore:
    """Scores of one fold: learned from the others, tested on it.

    Attributes:
        number: Of the fold, from 0.
        spiking: Of the spiking network.
        rates: Of its twin with ReLU.
        logistic: Of logistic regression on the event counts of the whole recording.
        forms: Of the other forms of the network; see `score_forms`.
        trained: The networks.
    """

    number: int
    spiking: Score
    rates: Score
    logistic: Score
    forms: dict[str, Score]
    trained: TrainedClassifier

    def all(self) -> dict[str, Score]:
        """Return all scores by name."""
        named = {"spiking": self.spiking, "rates": self.rates, "logistic": self.logistic}
        return named | self.forms


def cross_validate(
    recipe: ClassifierRecipe,
    recordings: LabelledRecordings,
    *,
    parts: int = 8,
    seed: int = 1000,
    which: Callable[[int], bool] = lambda _: True,
    watch: Watcher | None = None,
) -> Iterator[FoldScore]:
    """Train and test once for each fold; every recording is tested by a network that never saw it.

    Args:
        recipe: The settings.
        recordings: All recordings.
        parts: Number of folds; 400 recordings in 8 folds are split 350 to 50.
        seed: Of the split.
        which: Whether to do a fold, by its number.
        watch: Called after each epoch.
    """
    for number, (learn, test) in enumerate(folds(len(recordings), parts, seed=seed)):
        if not which(number):
            continue
        known, unknown = recordings.select(learn), recordings.select(test)
        trained = train_classifier(recipe, known, watch=watch)
        yield FoldScore(
            number=number,
            spiking=score_spiking(trained.net, recipe, unknown),
            rates=score_rates(trained.twin, recipe, unknown),
            logistic=score_logistic(recipe, known, unknown),
            forms=score_forms(trained, recipe, known, unknown),
            trained=trained,
        )


def score_spiking(
    net: torch.nn.Module, recipe: ClassifierRecipe, recordings: LabelledRecordings
) -> Score:
    """Score a spiking network: the output that fires most often wins, the first of equals."""
    return score(spike_counts(net, recording_steps(recipe, recordings)), recordings.labels)


def score_integer(
    card: ModelCard, recipe: ClassifierRecipe, recordings: LabelledRecordings
) -> Score:
    """Score the integer artifact of a model.

    Raises:
        ModelError: If the model has none.
    """
    model = load_model(card.artifact("integer"))
    counts = integer_counts(model, recipe, recording_steps(recipe, recordings))
    return score(counts, recordings.labels)


def adapted_score(
    card: ModelCard,
    recipe: ClassifierRecipe,
    recordings: LabelledRecordings,
    *,
    parts: int = 8,
    seed: int = 1000,
) -> Score:
    """Score a model whose last layer was adapted by SLTT to the other folds, over all folds."""
    steps, labels = recording_steps(recipe, recordings), recordings.labels
    total = Score(0, 0)
    for learn, test in folds(len(recordings), parts, seed=seed):
        net = load_classifier(card)
        samples = [(steps[:, i], int(labels[i])) for i in learn]
        adapt(net, samples, rule="sltt", epochs=_ADAPT_EPOCHS, learning_rate=_ADAPT_RATE, seed=seed)
        total += score(spike_counts(net, steps[:, test]), labels[test])
    return total


def logistic_by_folds(
    recipe: ClassifierRecipe,
    recordings: LabelledRecordings,
    *,
    parts: int = 8,
    seed: int = 1000,
) -> Score:
    """Score a logistic regression that learned from the other folds, over all folds."""
    total = Score(0, 0)
    for learn, test in folds(len(recordings), parts, seed=seed):
        total += score_logistic(recipe, recordings.select(learn), recordings.select(test))
    return total


@torch.no_grad()
def score_rates(
    twin: torch.nn.Module, recipe: ClassifierRecipe, recordings: LabelledRecordings
) -> Score:
    """Score the twin with ReLU on the counts of whole recordings."""
    return score(twin(_whole(recipe, recordings) * RATE_SCALE), recordings.labels)


def score_logistic(
    recipe: ClassifierRecipe, learn: LabelledRecordings, test: LabelledRecordings
) -> Score:
    """Fit logistic regression to the counts of whole recordings, and score it on others."""
    classes = len(recipe.classes)
    features, labels = _whole(recipe, learn).flatten(1), torch.from_numpy(learn.labels)
    model = fit_logistic(features, labels, classes, penalty=_PENALTY)
    return score(model(_whole(recipe, test).flatten(1)), test.labels)


def _whole(recipe: ClassifierRecipe, recordings: LabelledRecordings) -> torch.Tensor:
    return step_counts(recordings, steps=1, step_us=recipe.steps * recipe.step_us)[0]
