"""A neuron of one's own: written once as a function, run and trained by the fast kernels.

The neuron has a refractory period: after a spike it takes nothing in for a while.

    python examples/own_neuron.py
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from eventvision.spiking import nn
from eventvision.spiking.steps import spike, where


def refractory(
    x: Any, v: Any, rest: Any, *, decay: Any, threshold: Any, period: Any
) -> tuple[Any, Any, Any]:
    """Leak; take the input in unless at rest; spike at the threshold, then rest for a period."""
    awake = rest <= 0
    v = decay * v + where(awake, x, 0.0)
    s = spike(v - threshold)
    rest = where(awake, s * period, rest - 1.0)
    return s, v * (1 - s), rest


Refractory = nn.neuron(refractory, name="Refractory", decay=0.9, threshold=1.0, period=3.0)


def train(steps: int = 60, laps: int = 80) -> tuple[float, float, Tensor]:
    """Learn a decay and a gain per channel, so that neurons fire in a fifth of their steps.

    Returns:
        The loss before and after, and the share of steps with a spike, by channel.
    """
    torch.manual_seed(0)
    x = torch.rand(steps, 64, 4) * torch.tensor([0.2, 0.4, 0.8, 1.6])
    gain = torch.nn.Parameter(torch.ones(4))
    layer = Refractory(decay=torch.full((4,), 0.9), learn=("decay",), surrogate="arctan")
    optimiser = torch.optim.Adam([gain, *layer.parameters()], lr=0.02)
    losses = []
    for _ in range(laps):
        nn.reset(layer)
        rates = layer(x * gain).mean((0, 1))
        loss = (rates - 0.2).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        with torch.no_grad():
            layer.get_parameter("decay").clamp_(0, 1)
        losses.append(loss.item())
    return losses[0], losses[-1], rates.detach()


def main() -> None:
    """Train, and say who computed."""
    layer = Refractory()
    print(layer.explain(torch.zeros(60, 64, 4)))
    before, after, rates = train()
    print(f"loss {before:.4f} before, {after:.4f} after")
    print("spikes per step, by channel:", ", ".join(f"{rate:.2f}" for rate in rates))


if __name__ == "__main__":
    main()
