"""A float network over a whole run of events on a GPU, by Triton kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from eventvision.core import Events
from eventvision.graph._network import GraphNetwork
from eventvision.graph._program import padded
from eventvision.graph._queues import Queues


def run_on_gpu(network: GraphNetwork, events: Events, device: torch.device | str) -> Tensor:
    """Return the last layer's features of events that nothing came before, (N, channels), float32.

    The same as `run_bulk` to rounding.

    Args:
        network: Of ReLU layers, in float32.
        events: The events.
        device: A CUDA device.

    Raises:
        ValueError: If the network is a spiking one or one of integers.
        ImportError: If Triton is not installed.
    """
    from eventvision.kernels.gpu import graphs

    if network.is_integer or network.is_spiking:
        raise ValueError("on a GPU, networks of ReLU layers run in float32")
    rules, queues = network.rules, Queues.empty(network.rules, events.sensor)
    x, y = events.x.astype(np.int64), events.y.astype(np.int64)
    pixels = (y + rules.radius_px) * queues.pitch + x + rules.radius_px
    polarity = _tensor(events.on.astype(np.int32), device)
    sources, kinds = graphs.find_neighbours(
        _tensor(events.t, device),
        _tensor(pixels, device),
        polarity,
        count_pixels=queues.heads.size,
        shifts=_tensor(queues.shifts, device),
        ages_us=_tensor(queues.ages_us, device),
        depth=rules.depth,
        horizon_us=rules.horizon_us,
        most=rules.neighbours,
    )
    features = graphs.run_layers(
        sources, kinds, polarity, _layers(network, device), offsets=len(queues.shifts),
        depth=rules.depth,
    )  # fmt: skip
    return features[:, : network.channels]  # type: ignore[no-any-return]


def _layers(network: GraphNetwork, device: torch.device | str) -> list[dict[str, Any]]:
    """Return the layers' arrays, padded, as tensors."""
    found: list[dict[str, Any]] = []
    for number, layer in enumerate(network.layers):
        more = padded(layer.outputs) - layer.outputs
        if number == 0:
            arrays = {
                "table": layer.place[:, :, None] + layer.weight[:, None],
                "bias": layer.root + layer.bias,
            }
        else:
            before = padded(layer.inputs) - layer.inputs
            arrays = {
                "table": layer.place,
                "bias": layer.bias,
                "weight": np.pad(layer.weight, ((0, 0), (0, before), (0, 0))),
                "root": np.pad(layer.root, ((0, before), (0, 0))),
            }
        tensors: dict[str, Any] = {
            name: _tensor(np.pad(array, [(0, 0)] * (array.ndim - 1) + [(0, more)]), device)
            for name, array in arrays.items()
        }
        found.append(tensors | {"is_max": layer.aggregate == "max"})
    return found


def _tensor(array: np.ndarray[Any, Any], device: torch.device | str) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array)).to(device)
