"""Attention between places whose queries, keys and values are spikes.

There is no softmax, so the product can be taken from either side. Keys times values first costs
H * W * C^2 / heads instead of (H * W)^2 * C: linear in the number of places.
"""

from __future__ import annotations

import math
from typing import Literal

from torch import Tensor, nn

from eventvision.core import ConfigError

from .parts import NeuronFactory, conv_norm

AttentionForm = Literal["linear", "mask"]


class SpikeDrivenAttention(nn.Module):
    """Spike-driven self-attention over the places of each step, added to what came in.

    Form "linear" is that of Yao et al., Spike-driven transformer V2 (ICLR 2024):
    fire(scale * Q (K^T V)) in each head. Form "mask" is that of the first Spike-driven transformer
    (NeurIPS 2023): values pass in the channels where queries and keys agree often enough,
    fire(sum over places of Q * K) * V, additions and masks only. Every step attends to itself;
    what went before is in the neurons.

    Shapes: membrane input (T, N, C, H, W) or (N, C, H, W) -> the same.

    Args:
        channels: C.
        neuron: Makes the neurons of a layer.
        heads: Groups of channels that attend on their own; divides the channels.
        form: Which of the two.

    Raises:
        ConfigError: If the form is not known or the heads do not divide the channels.
    """

    def __init__(
        self,
        channels: int,
        neuron: NeuronFactory,
        *,
        heads: int = 4,
        form: AttentionForm = "linear",
    ) -> None:
        super().__init__()
        if form not in {"linear", "mask"}:
            raise ConfigError("form", form, "'linear' or 'mask'")
        if heads < 1 or channels % heads:
            raise ConfigError("heads", heads, f"a divisor of the {channels} channels")
        self.heads, self.form = heads, form
        self.fire_in = neuron(channels)
        self.query, self.key, self.value = (
            nn.Sequential(*conv_norm(channels, channels, 1), neuron(channels)) for _ in range(3)
        )
        self.fire_attention = neuron(channels)
        self.project = conv_norm(channels, channels, 1, alpha=1 / math.sqrt(2))

    def forward(self, x: Tensor) -> Tensor:
        """Return the membrane input of what follows."""
        spikes = self.fire_in(x)
        query, key, value = self.query(spikes), self.key(spikes), self.value(spikes)
        if self.form == "mask":
            agreement = (query * key).sum((-2, -1), keepdim=True)
            attended = self.fire_attention(agreement) * value
        else:
            attended = self.fire_attention(self._linear(query, key, value))
        added: Tensor = self.project(attended)
        return x + added

    def _linear(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        head = (*query.shape[:-3], self.heads, query.shape[-3] // self.heads, -1)
        q, k, v = query.reshape(head), key.reshape(head), value.reshape(head)
        scale = 1 / math.sqrt(q.shape[-2] * q.shape[-1])
        return ((v @ k.transpose(-2, -1)) @ q * scale).reshape(query.shape)
