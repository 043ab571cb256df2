"""The network in whole numbers: quantised, then trained a little more, its rounding included."""

from __future__ import annotations

import torch
from torch import nn as torch_nn

from eventvision.spiking.quantise import QuantisedNetwork, quantise
from eventvision.training.networks import by_step, normalised

from ._objectives import objective_of
from ._pool import SequencePool, chunks_of
from ._recipe import SceneRecipe
from ._running import INPUT, Deployed, answers, detach, forget

_CALIBRATION_BATCHES = 4


def quantised(
    network: torch_nn.Module, recipe: SceneRecipe, pool: SequencePool
) -> QuantisedNetwork:
    """Return the int8 form of a trained network.

    Args:
        network: The network, in evaluation mode.
        recipe: Says for how many batches rounding is trained with, and what errors cost.
        pool: Clips to calibrate ranges on and to train with.
    """
    forget(network)
    samples = []
    for number in range(_CALIBRATION_BATCHES):
        events = pool.batch(number).events
        samples.append(by_step(normalised(events.flatten(0, 1)), len(events)))
    found = quantise(Deployed(network, prepare=False), samples, normalised=[INPUT])
    _fine_tune(found, recipe, pool)
    return found.eval()


def _fine_tune(network: QuantisedNetwork, recipe: SceneRecipe, pool: SequencePool) -> None:
    phase, objective = recipe.integers, objective_of(recipe)
    optimiser = torch.optim.Adam(network.parameters(), phase.learning_rate)
    network.train()
    for batch in range(phase.batches):
        share = 1 - batch / phase.batches
        for group in optimiser.param_groups:
            group["lr"] = phase.learning_rate * share
        forget(network)
        for chunk in chunks_of(pool.draw(batch), recipe.clips):
            losses = objective.losses(answers(network, chunk.clips.events), chunk)
            optimiser.zero_grad()
            torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
            length = torch.nn.utils.clip_grad_norm_(
                network.parameters(), recipe.schedule.largest_gradient
            )
            if bool(length.isfinite()):
                optimiser.step()
            detach(network)
    forget(network)
