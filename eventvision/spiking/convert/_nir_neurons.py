"""Nodes of NIR become our neurons, and layers beside them.

Time is discretised by Euler's rule. A neuron of NIR fires above its threshold, one that we wrote at
it; its reset becomes 0 by a shift of the potential.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import nir
import numpy as np
import torch
from torch import nn as torch_nn

from eventvision.core import ConfigError
from eventvision.spiking import nn

from ._nir_modules import (
    Array,
    Conv,
    Delay,
    Driven,
    Flatten,
    Linear,
    Merged,
    Scale,
    SumPool,
    Threshold,
    average,
    tensor,
)
from ._to_nir import PREFIX


def _channels(name: str, **values: Any) -> dict[str, Array]:
    """Reduce the parameters of a layer to one number, or one for each channel.

    Raises:
        ConfigError: If they differ within a channel.
    """
    found: dict[str, Array] = {}
    for what, value in values.items():
        array = np.asarray(value, np.float64)
        flat = array.reshape(array.shape[0], -1) if array.ndim else array.reshape(1, 1)
        if (flat != flat[:, :1]).any():
            raise ConfigError("NIR graph", f"{name}: {what} differs within a channel", "channels")
        column = flat[:, 0]
        found[what] = column[0] if (column == column[0]).all() else column
    return found


def _spiking(name: str, node: Any, decay: Array, gain: Array, leak: Array) -> torch_nn.Module:
    """Build a neuron, shifted so that its reset is 0: v = decay * v + gain * x + leak."""
    said = _said(node)
    p = _channels(name, threshold=node.v_threshold, reset=node.v_reset)
    threshold = tensor(p["threshold"] - p["reset"])
    if PREFIX + "neuron" not in said:
        threshold = torch.nextafter(threshold, torch.tensor(torch.inf))
    options: dict[str, Any] = {
        "threshold": threshold,
        "initial": tensor(said.get(PREFIX + "initial", -p["reset"])),
    }
    # With v' = v - reset: decay * v = decay * v' + decay * reset.
    offset = leak - (1 - decay) * p["reset"]
    kind = str(said.get(PREFIX + "neuron", ""))
    if PREFIX + "levels" in said:
        options["levels"] = int(said[PREFIX + "levels"])
    if kind == "BurstIF":
        return Driven(nn.BurstIF(**options), gain, offset)
    if kind == "ILIF":
        integer = nn.ILIF(decay=tensor(decay), decay_input=False, **options)
        return Driven(integer, gain, offset)
    options["reset"] = str(said.get(PREFIX + "reset", "hard"))
    if np.all(decay == 1):
        return Driven(nn.IF(**options), gain, offset)
    leaky = nn.LIF(decay=tensor(decay), decay_input=False, **options)
    return Driven(leaky, gain, offset)


def _said(node: Any) -> dict[str, Any]:
    """Return a node's metadata, with text as text."""
    return {
        key: value.decode() if isinstance(value, bytes) else value
        for key, value in (node.metadata or {}).items()
    }


def _if(name: str, node: nir.IF, dt_s: float) -> torch_nn.Module:
    p = _channels(name, r=node.r)
    one, zero = np.ones(()), np.zeros(())
    return _spiking(name, node, one, p["r"] * dt_s, zero)


def _lif(name: str, node: nir.LIF, dt_s: float) -> torch_nn.Module:
    p = _channels(name, tau=node.tau, r=node.r, leak=node.v_leak)
    share = dt_s / p["tau"]
    return _spiking(name, node, 1 - share, share * p["r"], share * p["leak"])


def _i(name: str, node: nir.I, dt_s: float) -> torch_nn.Module:
    gain = _channels(name, r=node.r)["r"] * dt_s
    return Driven(nn.Readout(decay=1.0, decay_input=False), gain, np.zeros(()))


def _li(name: str, node: nir.LI, dt_s: float) -> torch_nn.Module:
    p = _channels(name, tau=node.tau, r=node.r, leak=node.v_leak)
    share = dt_s / p["tau"]
    readout = nn.Readout(decay=tensor(1 - share), decay_input=False)
    return Driven(readout, share * p["r"], share * p["leak"])


def _synapse(name: str, node: Any, dt_s: float) -> torch_nn.Module:
    """Build the current of a current-based neuron, itself a leaky integrator."""
    p = _channels(name, tau=node.tau_syn, w=node.w_in)
    share = dt_s / p["tau"]
    readout = nn.Readout(decay=tensor(1 - share), decay_input=False)
    return Driven(readout, share * p["w"], np.zeros(()))


def _cuba_li(name: str, node: nir.CubaLI, dt_s: float) -> torch_nn.Module:
    membrane = nir.LI(node.tau_mem, node.r, node.v_leak)
    return torch_nn.Sequential(_synapse(name, node, dt_s), _li(name, membrane, dt_s))


def _cuba_lif(name: str, node: nir.CubaLIF, dt_s: float) -> torch_nn.Module:
    membrane = nir.LIF(node.tau_mem, node.r, node.v_leak, node.v_threshold, node.v_reset)
    membrane.metadata = node.metadata
    return torch_nn.Sequential(_synapse(name, node, dt_s), _lif(name, membrane, dt_s))


def _delay(name: str, node: nir.Delay, dt_s: float) -> torch_nn.Module:
    steps = _channels(name, delay=node.delay)["delay"] / dt_s
    if np.ndim(steps):
        raise ConfigError("NIR graph", f"{name}: delays that differ", "one delay for the layer")
    return Delay(round(float(steps)))


_BUILD: dict[type, Callable[[str, Any, float], torch_nn.Module]] = {
    nir.Input: lambda _name, _node, _dt_s: torch_nn.Identity(),
    nir.Output: lambda _name, _node, _dt_s: torch_nn.Identity(),
    nir.Affine: lambda _name, node, _dt_s: Linear(node.weight, node.bias),
    nir.Linear: lambda _name, node, _dt_s: Linear(node.weight),
    nir.Conv1d: lambda _name, node, _dt_s: Merged(Conv(node)),
    nir.Conv2d: lambda _name, node, _dt_s: Merged(Conv(node)),
    nir.AvgPool2d: lambda _name, node, _dt_s: Merged(average(node)),
    nir.SumPool2d: lambda _name, node, _dt_s: Merged(SumPool(node)),
    nir.Flatten: lambda _name, node, _dt_s: Merged(Flatten(node)),
    nir.Scale: lambda _name, node, _dt_s: Scale(node.scale),
    nir.Threshold: lambda _name, node, _dt_s: Threshold(node.threshold),
    nir.Delay: _delay,
    nir.I: _i,
    nir.IF: _if,
    nir.LI: _li,
    nir.LIF: _lif,
    nir.CubaLI: _cuba_li,
    nir.CubaLIF: _cuba_lif,
}


def build(name: str, node: Any, dt_s: float) -> torch_nn.Module:
    """Return the module of a node.

    Raises:
        ConfigError: If there is none for its kind, or if its parameters differ within a channel.
    """
    make = _BUILD.get(type(node))
    if make is None:
        names: Iterable[str] = sorted(kind.__name__ for kind in _BUILD)
        kind = type(node).__name__
        raise ConfigError("NIR graph", f"{name} ({kind})", f"one of {', '.join(names)}")
    return make(name, node, dt_s)
