"""A network as a graph of layers and neurons."""

from __future__ import annotations

from torch import fx
from torch import nn as torch_nn

from eventvision.core import ConfigError
from eventvision.spiking import nn

_WHOLE = (
    nn.Delayed, nn.Neuron, nn.SumPool2d, nn.Upsample, torch_nn.Conv2d, torch_nn.Linear,
    torch_nn.AvgPool2d, torch_nn.MaxPool2d, torch_nn.BatchNorm1d, torch_nn.BatchNorm2d,
    torch_nn.Flatten,
)  # fmt: skip


class _Tracer(fx.Tracer):
    """Looks into everything but layers and neurons, also those that take whole sequences."""

    def is_leaf_module(self, m: torch_nn.Module, module_qualified_name: str) -> bool:
        """Tell whether a module stays one node."""
        return isinstance(m, _WHOLE) or super().is_leaf_module(m, module_qualified_name)


def traced(net: torch_nn.Module) -> fx.GraphModule:
    """Return a network as a graph module, which shares its layers.

    Raises:
        ConfigError: If what it does depends on the values that it is given.
    """
    try:
        return fx.GraphModule(net, _Tracer().trace(net))
    except fx.proxy.TraceError as error:
        problem = str(error).partition(".")[0]
        raise ConfigError("network", problem, "the same layers for every input") from error


def input_names(graph: fx.GraphModule) -> list[str]:
    """Return what a network calls its inputs."""
    return [str(node.target) for node in graph.graph.nodes if node.op == "placeholder"]
