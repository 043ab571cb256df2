"""Losses that move a spike to a wanted cell (SpikeSlicer, Cao et al., NeurIPS 2024, section 4).

The last neuron does not leak and its potential does not fall below zero:
v[t] = max(0, v[t-1] + current[t]); it fires when v reaches the threshold, here 1.
"""

from __future__ import annotations

import torch
from torch import Tensor


def potentials(currents: Tensor) -> Tensor:
    """Return the potential after each cell if nothing fired, shape (cells, streams).

    Args:
        currents: What each cell brings, in thresholds, shape (cells, streams).
    """
    v, found = torch.zeros_like(currents[0]), []
    for current in currents:
        v = (v + current).clamp(min=0)
        found.append(v)
    return torch.stack(found)


def first_spikes(v: Tensor) -> Tensor:
    """Return the first cell whose potential reaches the threshold; the last one where none does."""
    fires = v >= 1
    none = ~fires.any(dim=0)
    return torch.where(none, len(v) - 1, fires.int().argmax(dim=0))


def membrane_loss(currents: Tensor, v: Tensor, wanted: Tensor, share: float = 0.5) -> Tensor:
    """Return the spiking-position-aware loss, shape (streams,).

    At the wanted cell the potential should lie between the threshold, so that it fires there, and
    the threshold with that cell's current on top, so that it did not fire the cell before. Where
    the spike comes too early, the potential is followed on from there with currents that are not
    negative, as if it had not fired.

    Args:
        currents: Shape (cells, streams), in thresholds.
        v: Their potentials.
        wanted: The wanted cell of each stream.
        share: Where between the two bounds to aim.
    """
    cells = torch.arange(len(v), device=v.device)[:, None]
    spikes = first_spikes(v.detach())
    after = (cells > spikes) & (cells <= wanted)
    followed = v.gather(0, spikes[None])[0] + (currents.clamp(min=0) * after).sum(dim=0)
    reached = torch.where(wanted > spikes, followed, v.gather(0, wanted[None])[0])
    brought = currents.gather(0, wanted[None])[0].clamp(min=0).detach()
    target = share * (1 + brought) + (1 - share)
    return (reached - target).square()


def linear_loss(currents: Tensor, v: Tensor, wanted: Tensor) -> Tensor:
    """Return the linear-assuming loss, shape (streams,); zero where currents can be learned from.

    Where no current lies between the spike and the wanted cell, nothing tells the membrane loss
    which way to go: so the potential is asked to grow evenly up to the threshold.
    """
    cells = torch.arange(len(v), device=v.device)[:, None]
    spikes = first_spikes(v.detach())
    low, high = torch.minimum(spikes, wanted), torch.maximum(spikes, wanted)
    between = (cells > low) & (cells <= high)
    dead = (currents.detach().clamp(min=0) * between).sum(dim=0) == 0
    even = (spikes + 1) / (wanted + 1)
    return torch.where(dead, (v.gather(0, spikes[None])[0] - even).square(), 0.0)


def rate_loss(v: Tensor, asked_cells: float) -> Tensor:
    """Return how far the mean potential after a slice of the asked length is from the threshold."""
    place = min(len(v), max(1, round(asked_cells))) - 1
    return (v[place].mean() - 1).square()
