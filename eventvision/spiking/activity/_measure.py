"""Counting while a network runs."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch import nn as torch_nn

from eventvision.core import ConfigError
from eventvision.spiking import nn
from eventvision.spiking.counting import SATURATED, ActivityReport, LayerWork, NeuronActivity


def measure_activity(
    net: torch_nn.Module, inputs: Iterable[Tensor | NDArray[np.generic]]
) -> ActivityReport:
    """Run a network and count its spikes, synaptic operations and multiplications.

    Neurons that do not fire, such as readouts, are left out. Weights are counted where they are
    used, in `Conv2d` and `Linear`; batch norm is taken as folded into them.

    Args:
        net: A network of torch layers and spiking neurons. State is carried from input to input
            and forgotten before and after; the network is run in evaluation mode.
        inputs: What it takes, one step (N, ...) or one sequence (T, N, ...) at a time; tensors or
            arrays.

    Raises:
        ConfigError: If there are no inputs.
    """
    counters = _attach(net)
    training = net.training
    nn.reset(net)
    net.eval()
    try:
        ran = 0
        with torch.no_grad():
            for value in inputs:
                net(torch.as_tensor(value))
                ran += 1
    finally:
        for counter in counters:
            counter.handle.remove()
        net.train(training)
        nn.reset(net)
    if not ran:
        raise ConfigError("inputs", "none", "at least one slice to run the network on")
    firing = [counter for counter in counters if isinstance(counter, _NeuronCounter)]
    work = [counter for counter in counters if isinstance(counter, _LayerCounter)]
    return ActivityReport(
        max((round(counter.runs) for counter in counters), default=ran),
        tuple(counter.result() for counter in firing if counter.runs),
        tuple(counter.result() for counter in work if counter.runs),
    )


def _attach(net: torch_nn.Module) -> list[_Counter]:
    """Hang a counter on every layer that spikes or has weights."""
    counters: list[_Counter] = []
    for name, module in net.named_modules():
        if isinstance(module, nn.Neuron) and not isinstance(module, nn.Readout):
            counters.append(_NeuronCounter(name, module))
        elif isinstance(module, torch_nn.Conv2d | torch_nn.Linear):
            counters.append(_LayerCounter(name, module))
    return counters


class _Counter:
    """Watches one layer.

    Attributes:
        runs: Steps times samples seen.
    """

    def __init__(self, name: str, module: torch_nn.Module) -> None:
        self.name, self.runs = name, 0
        self.handle = module.register_forward_hook(self._after)

    def _after(self, module: torch_nn.Module, given: tuple[Tensor, ...], output: Tensor) -> None:
        raise NotImplementedError


class _NeuronCounter(_Counter):
    """Counts the spikes of a layer of neurons."""

    def __init__(self, name: str, module: nn.Neuron) -> None:
        super().__init__(name, module)
        self._most = float(getattr(module, "levels", 1))
        self._sequences = module.step_mode == "m"
        self._neurons = self._silent = 0
        self._spikes = 0.0
        self._fired = self._at_most = torch.zeros(0)

    def _after(self, _module: torch_nn.Module, _given: tuple[Tensor, ...], output: Tensor) -> None:
        steps = output.flatten(0, 1) if self._sequences else output
        count, channels = steps.shape[:2]
        flat = steps.abs().reshape(count, channels, -1)
        if not self.runs:
            self._neurons = channels * flat.shape[2]
            self._fired, self._at_most = torch.zeros(2, channels, dtype=torch.float64).unbind()
        self.runs += count
        self._spikes += float(flat.sum(dtype=torch.float64))
        self._silent += int((flat == 0).sum())
        self._fired += flat.sum(dim=(0, 2), dtype=torch.float64).cpu()
        self._at_most += (flat >= self._most).double().mean(dim=2).sum(dim=0).cpu()

    def result(self) -> NeuronActivity:
        """Return the means."""
        spikes = self._spikes / self.runs
        saturated = self._at_most >= SATURATED * self.runs
        return NeuronActivity(
            self.name,
            self._neurons,
            spikes,
            spikes / self._neurons,
            self._silent / (self._neurons * self.runs),
            _numbers(self._fired == 0),
            _numbers(saturated),
            self._fired.numel(),
        )


class _LayerCounter(_Counter):
    """Counts the work of a convolution or a linear layer."""

    def __init__(self, name: str, module: torch_nn.Conv2d | torch_nn.Linear) -> None:
        super().__init__(name, module)
        self._parameters = sum(value.numel() for value in module.parameters())
        self._macs = self._operations = 0.0
        self._spiking = True

    def _after(self, module: torch_nn.Module, given: tuple[Tensor, ...], output: Tensor) -> None:
        (x,) = given
        self._spiking = self._spiking and bool((x == x.round()).all())
        if isinstance(module, torch_nn.Conv2d):
            x = x.flatten(0, -4)
            runs = x.shape[0]
            ones = torch.ones_like(x[:1])
            self._macs += _reached(module, ones) * runs
            self._operations += _reached(module, x.abs()) if self._spiking else 0
        else:
            runs = x.numel() // x.shape[-1]
            self._macs += float(output.numel() * x.shape[-1])
            self._operations += float(x.abs().sum(dtype=torch.float64)) * output.shape[-1]
        self.runs += runs

    def result(self) -> LayerWork:
        """Return the means."""
        operations = self._operations / self.runs if self._spiking else None
        return LayerWork(self.name, self._macs / self.runs, operations, self._parameters)


def _reached(conv: torch_nn.Conv2d, spikes: Tensor) -> float:
    """Return how many synapses spikes reach: at the border fewer than in the middle."""
    grouped = spikes.reshape(-1, spikes.shape[1] // conv.groups, *spikes.shape[2:]).sum(
        1, keepdim=True
    )
    ones = torch.ones(1, 1, *conv.kernel_size, device=spikes.device, dtype=spikes.dtype)
    reached = torch.nn.functional.conv2d(
        grouped, ones, None, conv.stride, conv.padding, conv.dilation
    )
    return float(reached.sum(dtype=torch.float64)) * (conv.out_channels // conv.groups)


def _numbers(flags: Tensor) -> tuple[int, ...]:
    return tuple(flags.nonzero().flatten().tolist())
