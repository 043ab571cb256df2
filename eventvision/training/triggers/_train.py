"""The loop: cut streams with the trigger as it is, ask what was better, and learn it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call

from eventvision.core import load_card
from eventvision.spiking import nn
from eventvision.training.networks import (
    WEIGHT_STEP,
    Trigger,
    by_step,
    folded_time,
    round_weights,
)
from eventvision.training.scenes import load_weights

from ._downstream import Downstream
from ._feedback import Near
from ._losses import first_spikes, linear_loss, membrane_loss, potentials, rate_loss
from ._networks import open_downstream
from ._places import Cut, Place, Places, Teacher, followed
from ._recipe import TriggerRecipe
from ._streams import CellStream, streams_of
from ._whole import Whole

THRESHOLD = 16.0
"""Potential per block of the scene that ends a slice: large, so that weights in steps of 2**-6
have digits enough."""

_FIRST_PRICE = 0.02
_REPORT_EVERY = 50


@dataclass(frozen=True, slots=True)
class TriggerProgress:
    """How a training goes.

    Attributes:
        step: Steps done.
        steps: Steps in all.
        loss: Mean loss since the last report.
        cost: Mean cost of a cell as the network downstream sees it, or by how many cells slices are
            off where that is known or not asked.
        cells: Mean length of slices.
        wanted: Mean length that would have been best.
    """

    step: int
    steps: int
    loss: float
    cost: float
    cells: float
    wanted: float


def train_trigger(
    recipe: TriggerRecipe,
    *,
    streams: Sequence[CellStream] | None = None,
    downstream: Downstream | None = None,
    watch: Callable[[TriggerProgress], object] | None = None,
) -> Trigger:
    """Train a trigger; weights are rounded to what eight bits hold.

    Args:
        recipe: How.
        streams: What to learn from; by default those of the recipe.
        downstream: Scores slices; by default the model of the recipe.
        watch: Called now and then with how it goes.

    Raises:
        ConfigError: If the recipe names no downstream network.
        ModelError: If its model is missing or damaged.
    """
    torch.manual_seed(recipe.seed)
    streams = list(streams if streams is not None else streams_of(recipe))
    training = _Training(recipe, streams, _teacher(recipe, streams, downstream))
    for step in range(recipe.steps):
        training.learn(step)
        if watch is not None and ((step + 1) % _REPORT_EVERY == 0 or step + 1 == recipe.steps):
            watch(training.progress(step + 1))
    round_weights(training.network)
    return training.network.eval()


def _teacher(
    recipe: TriggerRecipe, streams: Sequence[CellStream], downstream: Downstream | None
) -> Teacher:
    if not recipe.losses.feedback:
        return _Even(recipe)
    if recipe.search == "whole":
        return Whole(streams, recipe)
    return Near(downstream or open_downstream(recipe.downstream), recipe)


class _Even:
    """Wants all slices to be as long as asked."""

    def __init__(self, recipe: TriggerRecipe) -> None:
        self._asked = min(recipe.most_cells, max(1, round(recipe.asked_cells)))

    def cut(self, place: Place, cells: int, width: int) -> Cut:
        """See `Teacher`."""
        del width
        place.first += cells
        return Cut(self._asked - 1, abs(self._asked - cells))


class _Training:
    def __init__(self, recipe: TriggerRecipe, streams: list[CellStream], teacher: Teacher) -> None:
        self._recipe, self._teacher = recipe, teacher
        self._places = Places(
            streams, recipe.batch, recipe.most_cells, _FIRST_PRICE * recipe.asked_cells,
            np.random.default_rng(recipe.seed),
        )  # fmt: skip
        self.network = Trigger()
        if recipe.begin_with is None:
            self._scale_to_rate()
        else:
            card = load_card(recipe.begin_with)
            load_weights(self.network, card.artifact("safetensors"))
        self._optimiser = torch.optim.Adam(self.network.parameters(), recipe.learning_rate)
        self._notes: list[tuple[float, float, float, float]] = []

    def learn(self, step: int) -> None:
        """Learn from one slice of each stream, and go on to the next."""
        share = step / self._recipe.steps
        for group in self._optimiser.param_groups:
            group["lr"] = self._recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * share))
        currents = self._currents()
        thresholds = torch.tensor([place.course.threshold for place in self._places.now])
        seen = currents / thresholds
        v = potentials(seen)
        spikes = first_spikes(v.detach())
        width = max(1, math.ceil(self._recipe.width * (1 - share)))
        cuts = [
            self._cut(place, int(spike) + 1, width)
            for place, spike in zip(self._places.now, spikes, strict=True)
        ]
        self._places.go_on()
        wanted = torch.tensor([cut.wanted for cut in cuts])
        loss = self._loss(currents, seen, v, wanted)
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self._optimiser.step()
        cost = float(np.mean([cut.cost for cut in cuts]))
        lengths = float(spikes.float().mean()) + 1, float(wanted.float().mean()) + 1
        self._notes.append((loss.item(), cost, *lengths))

    def progress(self, step: int) -> TriggerProgress:
        """Return how it went since the last report."""
        loss, cost, cells, wanted = np.mean(self._notes, axis=0).tolist()
        self._notes.clear()
        return TriggerProgress(step, self._recipe.steps, loss, cost, cells, wanted)

    def _cut(self, place: Place, cells: int, width: int) -> Cut:
        """End a slice; the threshold follows as it will in use."""
        course = place.course
        course.threshold = followed(course.threshold, cells, self._recipe.asked_cells)
        return self._teacher.cut(place, cells, width)

    def _loss(self, currents: Tensor, seen: Tensor, v: Tensor, wanted: Tensor) -> Tensor:
        prices = self._recipe.losses
        loss = prices.membrane * membrane_loss(seen, v, wanted).mean()
        loss = loss + prices.linear * linear_loss(seen, v, wanted).mean()
        return loss + prices.rate * rate_loss(potentials(currents), self._recipe.asked_cells)

    def _currents(self) -> Tensor:
        """Return what the cells after each place bring, in thresholds, shape (cells, streams)."""
        most = self._recipe.most_cells
        counts = [place.course.stream.counts[place.first :][:most] for place in self._places.now]
        cells = np.stack(counts, axis=1)
        weights = {name: _rounded(value) for name, value in self.network.named_parameters()}
        nn.reset(self.network)
        with folded_time(self.network, most):
            seen = (torch.from_numpy(cells).flatten(0, 1),)
            found = functional_call(self.network, weights, seen)["current"]
        nn.reset(self.network)
        blocks = cells.shape[-2] * cells.shape[-1]
        total: Tensor = by_step(found.sum(dim=(1, 2, 3)), most) / (blocks * THRESHOLD)
        return total

    @torch.no_grad()
    def _scale_to_rate(self) -> None:
        """Scale the last layer so that slices come about as often as asked from the start."""
        place = min(self._recipe.most_cells, max(1, round(self._recipe.asked_cells))) - 1
        reached = float(potentials(self._currents())[place].median())
        if reached > 0:
            self.network.out.weight /= reached


def _rounded(value: Tensor) -> Tensor:
    """Round a weight as it will be in use; derivatives pass as if it had not been."""
    steps = (value / WEIGHT_STEP).round().clamp(-128, 127)
    return value + (steps * WEIGHT_STEP - value).detach()
