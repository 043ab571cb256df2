"""The loop: cut streams with the trigger as it is, ask what was better, and learn it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call

from eventvision.spiking import nn
from eventvision.training.networks import WEIGHT_STEP, Trigger, round_weights

from ._downstream import Downstream, Memory, open_downstream
from ._feedback import best_ends, candidate_ends, costs_of_ends
from ._losses import first_spikes, linear_loss, membrane_loss, potentials, rate_loss
from ._recipe import TriggerRecipe
from ._streams import CellStream, streams_of

THRESHOLD = 16.0
"""Potential per block of the scene that ends a slice: large, so that weights in steps of 2**-6
have digits enough."""

_PRICE_GAIN = 0.1
_REPORT_EVERY = 50


@dataclass(frozen=True, slots=True)
class TriggerProgress:
    """How a training goes.

    Attributes:
        step: Steps done.
        steps: Steps in all.
        loss: Mean loss since the last report.
        cost: Mean cost of a cell, as the downstream network sees it.
        cells: Mean length of slices.
        wanted: Mean length that would have been best.
        price: Of a slice.
    """

    step: int
    steps: int
    loss: float
    cost: float
    cells: float
    wanted: float
    price: float


@dataclass(slots=True)
class _Place:
    """Where the cutting of a stream is."""

    stream: CellStream
    first: int = 0
    shown: Tensor | None = None
    memory: Memory = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Cut:
    """What came of a slice: the cell in which it should have ended, and what it cost."""

    wanted: int
    cost: float


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
    training = _Training(
        recipe,
        list(streams if streams is not None else streams_of(recipe)),
        downstream or open_downstream(recipe.downstream),
    )
    for step in range(recipe.steps):
        training.learn(step)
        if watch is not None and ((step + 1) % _REPORT_EVERY == 0 or step + 1 == recipe.steps):
            watch(training.progress(step + 1))
    round_weights(training.network)
    return training.network.eval()


class _Training:
    def __init__(
        self, recipe: TriggerRecipe, streams: list[CellStream], downstream: Downstream
    ) -> None:
        self._recipe, self._streams, self._downstream = recipe, streams, downstream
        self._random = np.random.default_rng(recipe.seed)
        self.network = Trigger()
        self._places = [self._new_place() for _ in range(recipe.batch)]
        self._scale_to_rate()
        self._optimiser = torch.optim.Adam(self.network.parameters(), recipe.learning_rate)
        self._price = 0.02 * recipe.asked_cells
        self._notes: list[tuple[float, float, float, float]] = []

    def learn(self, step: int) -> None:
        """Learn from one slice of each stream, and go on to the next."""
        share = step / self._recipe.steps
        for group in self._optimiser.param_groups:
            group["lr"] = self._recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * share))
        currents = self._currents()
        v = potentials(currents)
        spikes = first_spikes(v.detach())
        width = max(1, math.ceil(self._recipe.width * (1 - share)))
        cuts = [
            self._cut(place, int(spike), width)
            for place, spike in zip(self._places, spikes, strict=True)
        ]
        wanted = torch.tensor([cut.wanted for cut in cuts])
        loss = self._loss(currents, v, wanted)
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self._optimiser.step()
        self._hold_rate(float(wanted.float().mean()) + 1)
        cost = float(np.mean([cut.cost for cut in cuts]))
        lengths = float(spikes.float().mean()) + 1, float(wanted.float().mean()) + 1
        self._notes.append((loss.item(), cost, *lengths))

    def progress(self, step: int) -> TriggerProgress:
        """Return how it went since the last report."""
        loss, cost, cells, wanted = np.mean(self._notes, axis=0).tolist()
        self._notes.clear()
        return TriggerProgress(step, self._recipe.steps, loss, cost, cells, wanted, self._price)

    def _loss(self, currents: Tensor, v: Tensor, wanted: Tensor) -> Tensor:
        prices = self._recipe.losses
        loss = prices.membrane * membrane_loss(currents, v, wanted).mean()
        loss = loss + prices.linear * linear_loss(currents, v, wanted).mean()
        return loss + prices.rate * rate_loss(v, self._recipe.asked_cells)

    def _currents(self) -> Tensor:
        """Return what the cells after each place bring, in thresholds, shape (cells, streams)."""
        most = self._recipe.most_cells
        cells = np.stack([p.stream.counts[p.first : p.first + most] for p in self._places], axis=1)
        weights = {name: _rounded(value) for name, value in self.network.named_parameters()}
        nn.reset(self.network)
        blocks = cells.shape[-2] * cells.shape[-1]
        found = [
            functional_call(self.network, weights, (torch.from_numpy(cell),))["current"]
            for cell in cells
        ]
        nn.reset(self.network)
        total: Tensor = torch.stack(found).sum(dim=(2, 3, 4)) / (blocks * THRESHOLD)
        return total

    def _cut(self, place: _Place, spike: int, width: int) -> _Cut:
        """End a slice at its spike, and say where it should have ended."""
        recipe = self._recipe
        end, last = place.first + spike + 1, place.first + recipe.most_cells
        ends = candidate_ends(end, place.first, last, width)
        costs, pictures, memories = costs_of_ends(
            self._downstream, place.stream, first=place.first, ends=ends, shown=place.shown,
            memory=place.memory, price=self._price, quality=recipe.quality,
        )  # fmt: skip
        best = best_ends(costs, ends) if recipe.losses.feedback else self._asked_end(place)
        wanted, taken = best - place.first - 1, ends.index(end)
        place.first, place.shown, place.memory = end, pictures[taken], memories[taken]
        if place.first + recipe.most_cells > place.stream.cells:
            fresh = self._new_place()
            place.stream, place.first = fresh.stream, fresh.first
            place.shown, place.memory = None, {}
        return _Cut(wanted, float(costs[taken]))

    def _asked_end(self, place: _Place) -> int:
        return place.first + min(self._recipe.most_cells, max(1, round(self._recipe.asked_cells)))

    def _hold_rate(self, wanted_cells: float) -> None:
        """Make slices dearer where more of them would be best than are asked for."""
        error = max(-1.0, min(1.0, 1 - wanted_cells / self._recipe.asked_cells))
        self._price *= math.exp(_PRICE_GAIN * error)

    def _new_place(self) -> _Place:
        stream = self._streams[int(self._random.integers(len(self._streams)))]
        room = stream.cells - self._recipe.most_cells
        return _Place(stream, int(self._random.integers(max(1, room // 2))))

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
