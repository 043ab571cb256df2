"""Networks as graphs of layers and neurons."""

from __future__ import annotations

import torch
from torch import fx
from torch import nn as torch_nn

from eventvision.spiking import nn

_WHOLE = (
    nn.Neuron, nn.SumPool2d, torch_nn.Conv2d, torch_nn.Linear, torch_nn.AvgPool2d,
    torch_nn.MaxPool2d, torch_nn.BatchNorm1d, torch_nn.BatchNorm2d, torch_nn.Flatten,
)  # fmt: skip


class LayerTracer(fx.Tracer):
    """Looks into everything but layers and neurons, also those that take whole sequences."""

    def is_leaf_module(self, m: torch.nn.Module, module_qualified_name: str) -> bool:
        """Tell whether a module stays one node."""
        return isinstance(m, _WHOLE) or super().is_leaf_module(m, module_qualified_name)


def traced(net: torch_nn.Module) -> fx.GraphModule:
    """Return a network as a graph module, which shares its layers."""
    return fx.GraphModule(net, LayerTracer().trace(net))
