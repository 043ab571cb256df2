"""Training: first as rates, then as spikes, then as integers.

Rates learn fast, as a whole recording is one step. The spiking network starts from their weights
and learns what rates leave out: that spikes are whole, come in order, and cannot be taken back.
Its int8 form starts from those weights and learns to live with their rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch import nn as torch_nn

from eventvision.spiking import nn
from eventvision.spiking.integer import IntegerModel
from eventvision.spiking.learning import SpikeRates
from eventvision.spiking.quantise import quantise

from ._network import build_classifier, build_rate_twin, copy_balanced, round_weights
from ._recipe import ClassifierRecipe, Phase
from ._samples import LabelledRecordings
from ._steps import recording_steps, step_counts

_COUNT_SCALE = 0.5
"""What one output spike is worth as a logit."""
_CALIBRATION = 50
_LARGEST_GRADIENT = 1.0
RATE_SCALE = 0.1
"""Scale of event counts in the first phase."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a training is.

    Attributes:
        phase: "rates" or "spikes".
        epoch: Number of the epoch that has ended, from 1.
        epochs: How many there are.
        loss: Mean loss of the epoch.
    """

    phase: str
    epoch: int
    epochs: int
    loss: float


Watcher = Callable[[Progress], object]


@dataclass(frozen=True, slots=True)
class TrainedClassifier:
    """A trained network, the twin that it comes from, and its int8 form."""

    net: torch_nn.Sequential
    twin: torch_nn.Sequential
    integer: IntegerModel


def train_classifier(
    recipe: ClassifierRecipe, recordings: LabelledRecordings, *, watch: Watcher | None = None
) -> TrainedClassifier:
    """Train the network of a recipe. The same recipe and recordings give the same weights.

    Args:
        recipe: The settings.
        recordings: What to learn from.
        watch: Called after each epoch.

    Raises:
        ValueError: If the recordings have another size or more classes than the recipe.
    """
    _check_fit(recipe, recordings)
    torch.manual_seed(recipe.seed)
    generator = np.random.default_rng(recipe.seed)
    data = _Data(recipe, recordings, generator)
    twin = build_rate_twin(recipe)

    def rate_loss(x: Tensor, labels: Tensor) -> Tensor:
        return _cross_entropy(twin(x[0] * RATE_SCALE), labels, recipe.rates)

    _run(twin, recipe.rates, "rates", data, 1, rate_loss, watch)
    net = build_classifier(recipe)
    copy_balanced(twin, net, recording_steps(recipe, recordings))

    def spike_loss(x: Tensor, labels: Tensor) -> Tensor:
        nn.reset(net)
        with SpikeRates(net) as rates:
            counts = net(x).sum(0)
        price = recipe.spikes.rate_price * rates.penalty()
        return _cross_entropy(counts * _COUNT_SCALE, labels, recipe.spikes) + price

    _run(net, recipe.spikes, "spikes", data, recipe.steps, spike_loss, watch)
    nn.reset(net)
    round_weights(net)
    quantised = quantise(net.eval(), [recording_steps(recipe, _first(recordings))])

    def integer_loss(x: Tensor, labels: Tensor) -> Tensor:
        quantised.reset()
        (spikes,) = quantised.sequence(x).values()
        counts = spikes.sum(0).flatten(1)
        return _cross_entropy(counts * _COUNT_SCALE, labels, recipe.integers)

    _run(quantised, recipe.integers, "integers", data, recipe.steps, integer_loss, watch)
    return TrainedClassifier(net, twin.eval(), quantised.to_integer())


def _first(recordings: LabelledRecordings) -> LabelledRecordings:
    """Return a few recordings, which calibrate the ranges of integers."""
    return recordings.select(np.arange(min(_CALIBRATION, len(recordings))))


class _Data:
    """Batches of changed recordings, their events counted per step."""

    def __init__(
        self,
        recipe: ClassifierRecipe,
        recordings: LabelledRecordings,
        generator: np.random.Generator,
    ) -> None:
        self._recipe, self._recordings, self._generator = recipe, recordings, generator

    @property
    def batches(self) -> int:
        """Batches in an epoch."""
        return -(-len(self._recordings) // self._recipe.batch)

    def epoch(self, *, steps: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield each recording once: counts (steps, N, 2, H, W) and labels (N,)."""
        recipe = self._recipe
        order = self._generator.permutation(len(self._recordings))
        for part in np.array_split(order, self.batches):
            chosen = recipe.augmentation.apply(self._recordings.select(part), self._generator)
            step_us = recipe.step_us * recipe.steps // steps
            counts = step_counts(chosen, steps=steps, step_us=step_us)
            yield counts, torch.from_numpy(chosen.labels)


def _run(
    net: torch_nn.Module,
    phase: Phase,
    name: str,
    data: _Data,
    steps: int,
    loss_of: Callable[[Tensor, Tensor], Tensor],
    watch: Watcher | None,
) -> None:
    if not phase.epochs:
        return
    optimiser = torch.optim.AdamW(
        net.parameters(), lr=phase.learning_rate, weight_decay=phase.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, phase.learning_rate, total_steps=phase.epochs * data.batches
    )
    net.train()
    for epoch in range(1, phase.epochs + 1):
        losses = []
        for x, labels in data.epoch(steps=steps):
            optimiser.zero_grad()
            with _noisy(net, phase.weight_noise):
                loss = loss_of(x, labels)
                loss.backward()  # type: ignore[no-untyped-call]
            torch_nn.utils.clip_grad_norm_(net.parameters(), _LARGEST_GRADIENT)
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
        if watch is not None:
            watch(Progress(name, epoch, phase.epochs, sum(losses) / len(losses)))


@contextmanager
def _noisy(net: torch_nn.Module, share: float) -> Iterator[None]:
    """Put noise on all weights for a while."""
    if not share:
        yield
        return
    kept = [(weight, weight.detach().clone()) for weight in net.parameters()]
    for weight, value in kept:
        weight.data += torch.randn_like(value) * value.abs().mean() * share
    try:
        yield
    finally:
        for weight, value in kept:
            weight.data.copy_(value)


def _cross_entropy(logits: Tensor, labels: Tensor, phase: Phase) -> Tensor:
    return torch_nn.functional.cross_entropy(logits, labels, label_smoothing=phase.label_smoothing)


def _check_fit(recipe: ClassifierRecipe, recordings: LabelledRecordings) -> None:
    if recordings.sensor != recipe.sensor:
        raise ValueError(f"the recipe is for {recipe.sensor}, the data has {recordings.sensor}")
    largest = int(recordings.labels.max())
    if largest >= len(recipe.classes):
        raise ValueError(f"the recipe has {len(recipe.classes)} classes, the data class {largest}")
