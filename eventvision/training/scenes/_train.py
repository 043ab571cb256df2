"""The loop: draw a batch, learn from its chunks one after the other, average, validate, save."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch import nn as torch_nn

from eventvision.spiking import nn
from eventvision.spiking.learning import SpikeRates
from eventvision.training import Sequences
from eventvision.training.networks import NANO, SMALL, TINY, Perception, SpikingReconstruction

from ._checkpoint import Checkpoint, begin_with, optimiser_state, put_weights, set_optimiser_state
from ._objectives import objective_of
from ._pool import Chunk, chunks_of, scene_pool
from ._recipe import SceneRecipe
from ._running import answers

_SHAPES = {"tiny": TINY, "nano": NANO, "small": SMALL}
CHECKPOINT, BEST = "checkpoint.safetensors", "best.safetensors"


@dataclass(frozen=True, slots=True)
class Progress:
    """What a validation found.

    Attributes:
        batch: Batches learned from so far.
        batches: How many there will be.
        learned: Mean losses of the batches since the last validation.
        validated: Losses and scores of the averaged network on clips of images to test with.
        is_best: Whether no loss before was lower.
    """

    batch: int
    batches: int
    learned: dict[str, float]
    validated: dict[str, float]
    is_best: bool


Watcher = Callable[[Progress, torch_nn.Module, Sequences], object]


def build_network(recipe: SceneRecipe) -> torch_nn.Module:
    """Return the network of a recipe, with fresh weights that its seed decides."""
    torch.manual_seed(recipe.seed)
    if recipe.kind == "perception":
        return Perception(_SHAPES[recipe.size], spiking=recipe.spiking)
    if recipe.size == "tiny":
        return SpikingReconstruction(fine=8, coarse=12, spiking=recipe.spiking)
    return SpikingReconstruction(spiking=recipe.spiking)


def train_scenes(
    recipe: SceneRecipe,
    out: Path,
    *,
    images: tuple[Path, ...] = (),
    device: str = "cpu",
    weights: Path | None = None,
    watch: Watcher | None = None,
) -> Path:
    """Train a network, from where an earlier run in the same folder stopped.

    Args:
        recipe: What and how.
        out: Folder for `checkpoint.safetensors`, `best.safetensors` and the pool of batches.
        images: Folders of images that clips show; none for drawn ones only.
        device: "cpu" or "cuda".
        weights: File of weights to begin with, of such a network or its twin, see `begin_with`; a
            checkpoint in `out` goes before.
        watch: Called after each validation with what it found, the averaged network and a batch of
            the validation.

    Returns:
        The file of the averaged weights with the lowest validation loss.

    Raises:
        SourceNotFoundError: If a folder of images does not exist or is empty.
        ModelError: If the checkpoint there, or `weights`, is damaged or of another network.
    """
    out.mkdir(parents=True, exist_ok=True)
    training = _Training(recipe, out, images, device)
    training.begin(weights)
    for batch in range(training.batch, recipe.schedule.batches):
        training.learn(batch)
        done = batch + 1
        if done % recipe.schedule.validate_every == 0 or done == recipe.schedule.batches:
            progress = training.validate()
            training.save(best=progress.is_best)
            if watch is not None:
                watch(progress, training.average, training.shown())
    return out / BEST


class _Training:
    def __init__(
        self, recipe: SceneRecipe, out: Path, images: tuple[Path, ...], device: str
    ) -> None:
        self._recipe, self._out, self._device = recipe, out, torch.device(device)
        self._network, self.average = (_placed(recipe, self._device) for _ in range(2))
        self.average.load_state_dict(self._network.state_dict())
        self._names: dict[Tensor, str] = {p: n for n, p in self._network.named_parameters()}
        self._optimiser = _optimiser(self._network, recipe)
        self._objective = objective_of(recipe)
        self._rates = SpikeRates(self._network)
        self._rate_price = _rate_price(recipe)
        self._pool = scene_pool(recipe, images, out, "train")
        self._validation = scene_pool(recipe, images, out, "val")
        self._sums: dict[str, float] = {}
        self._summed = 0
        self._best = math.inf
        self.batch = 0

    def learn(self, batch: int) -> None:
        """Learn from the batch of a number."""
        for group in self._optimiser.param_groups:
            group["lr"] = self._recipe.schedule.rate_at(batch)
        clips = self._pool.draw(batch).to(self._device)
        self._network.train()
        nn.reset(self._network)
        for chunk in chunks_of(clips, self._recipe.clips):
            self._step(chunk)
            nn.detach(self._network)
        self.batch = batch + 1

    def _step(self, chunk: Chunk) -> None:
        with self._rates as rates:
            found = answers(self._network, chunk.clips.events)
            losses = self._objective.losses(found, chunk)
            if self._rate_price:
                losses["rate"] = self._rate_price * rates.penalty()
            rates.clear()
        total = torch.stack(list(losses.values())).sum()
        self._optimiser.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        length = torch.nn.utils.clip_grad_norm_(
            self._network.parameters(), self._recipe.schedule.largest_gradient
        )
        if not bool(length.isfinite()):
            return
        self._optimiser.step()
        self._averaged()
        self._summed += 1
        for name, value in losses.items():
            self._sums[name] = self._sums.get(name, 0.0) + value.item()

    @torch.no_grad()
    def _averaged(self) -> None:
        steps = self.batch * self._recipe.clips.chunks
        kept = min(self._recipe.schedule.average, (1 + steps) / (10 + steps))
        now = self._network.state_dict()
        for name, value in self.average.state_dict().items():
            if value.is_floating_point():
                value.lerp_(now[name], 1 - kept)
            else:
                value.copy_(now[name])

    @torch.no_grad()
    def validate(self) -> Progress:
        """Return how the averaged network does on images that are not learned from."""
        self.average.eval()
        sums: dict[str, float] = {}
        count = 0
        for number in range(self._recipe.schedule.validation_batches):
            clips = self._validation.batch(number).to(self._device)
            nn.reset(self.average)
            for chunk in chunks_of(clips, self._recipe.clips):
                found = answers(self.average, chunk.clips.events)
                values = self._objective.losses(found, chunk)
                values |= self._objective.scores(found, chunk)
                count += 1
                for name, value in values.items():
                    sums[name] = sums.get(name, 0.0) + float(value)
        validated = {name: value / count for name, value in sums.items()}
        learned = {name: value / max(self._summed, 1) for name, value in self._sums.items()}
        self._sums, self._summed = {}, 0
        validated["loss"] = sum(validated[name] for name in learned if name in validated)
        is_best = validated["loss"] < self._best
        self._best = min(self._best, validated["loss"])
        return Progress(self.batch, self._recipe.schedule.batches, learned, validated, is_best)

    def shown(self) -> Sequences:
        """Return the clips to draw pictures of."""
        return self._validation.batch(0).to(self._device)

    def save(self, *, best: bool) -> None:
        """Write the checkpoint, and the averaged weights if they are the best so far."""
        average = self.average.state_dict()
        if best:
            Checkpoint(self.batch, self._best, {}, average).save(self._out / BEST)
        state = optimiser_state(self._optimiser, self._names)
        network = self._network.state_dict()
        Checkpoint(self.batch, self._best, network, average, state).save(self._out / CHECKPOINT)

    def begin(self, weights: Path | None) -> None:
        """Go on from the checkpoint; else begin with weights of another training, if given."""
        path = self._out / CHECKPOINT
        if not path.is_file():
            if weights is not None:
                begin_with(self._network, weights)
                self.average.load_state_dict(self._network.state_dict())
            return
        found = Checkpoint.load(path)
        put_weights(self._network, found.network, path)
        put_weights(self.average, found.average, path)
        set_optimiser_state(self._optimiser, self._names, found.optimiser)
        self.batch, self._best = found.batch, found.best


def _placed(recipe: SceneRecipe, device: torch.device) -> torch_nn.Module:
    """Return the network where it is trained, its weights laid out as convolutions like them."""
    network = build_network(recipe).to(device)
    for weight in network.parameters():
        if weight.ndim == 4:
            weight.data = weight.data.contiguous(memory_format=torch.channels_last)
    return network


def _rate_price(recipe: SceneRecipe) -> float:
    prices = recipe.reconstruction if recipe.kind == "reconstruction" else recipe.perception
    return prices.rate if recipe.spiking else 0.0


def _optimiser(network: torch_nn.Module, recipe: SceneRecipe) -> torch.optim.AdamW:
    many = [p for p in network.parameters() if p.ndim > 1]
    few = [p for p in network.parameters() if p.ndim <= 1]
    groups: list[dict[str, Any]] = [{"params": many}, {"params": few, "weight_decay": 0.0}]
    schedule = recipe.schedule
    return torch.optim.AdamW(groups, schedule.learning_rate, weight_decay=schedule.weight_decay)
