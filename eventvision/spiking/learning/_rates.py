"""How often neurons fire, as something to be kept low.

Every spike costs a synaptic operation per target on hardware that counts them; a small price on
firing during training lowers it several times at little cost in accuracy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

import torch
from torch import Tensor
from torch import nn as torch_nn
from torch.utils.hooks import RemovableHandle

from eventvision.spiking import nn


class SpikeRates:
    """Watches the mean output of every neuron layer while it is entered.

    Layers that do not fire (`Readout`) are left out. Rates are means over all that the network
    ran since the watch began or `clear` was called, and carry gradients.

    >>> import torch
    >>> from eventvision.spiking import nn
    >>> net = torch.nn.Sequential(nn.IF(threshold=1.0))
    >>> with SpikeRates(net) as rates:
    ...     _ = net(torch.full((4, 1, 3), 0.5))
    >>> rates.by_layer()["0"].item()
    0.5

    Args:
        net: The network.
    """

    def __init__(self, net: torch_nn.Module) -> None:
        self._layers = {
            path: neuron for path, neuron in nn.neurons(net) if not isinstance(neuron, nn.Readout)
        }
        self._hooks: list[RemovableHandle] = []
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}

    def __enter__(self) -> Self:
        self._hooks = [
            neuron.register_forward_hook(self._watcher(path))
            for path, neuron in self._layers.items()
        ]
        return self

    def __exit__(self, *_: object) -> None:
        for hook in self._hooks:
            hook.remove()
        self._hooks = []

    def clear(self) -> None:
        """Forget what was seen, gradients included."""
        self._sums, self._counts = {}, {}

    def by_layer(self) -> dict[str, Tensor]:
        """Return the mean number of spikes per neuron and step of each layer, by path."""
        return {path: total / self._counts[path] for path, total in self._sums.items()}

    def penalty(self, *, target: float = 0.0) -> Tensor:
        """Return the mean over layers of how far the squared rate exceeds that of the target.

        Args:
            target: Rate up to which firing is free, in spikes per neuron and step.

        Raises:
            ValueError: If nothing was seen or the target is negative.
        """
        if not self._sums:
            raise ValueError("no firing layer has run since the watch began")
        if target < 0:
            raise ValueError(f"target must not be negative, got {target}")
        rates = torch.stack(list(self.by_layer().values()))
        return (rates**2 - target**2).clamp(min=0).mean()

    def _watcher(self, path: str) -> Callable[[torch_nn.Module, object, Tensor], None]:
        def watch(_module: torch_nn.Module, _inputs: object, output: Tensor) -> None:
            self._sums[path] = self._sums.get(path, 0) + output.sum()
            self._counts[path] = self._counts.get(path, 0) + output.numel()

        return watch
