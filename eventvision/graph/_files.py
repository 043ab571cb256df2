"""Graph networks in files: safetensors, with the settings as JSON in the metadata."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import (
    FormatError,
    complete_file,
    parsed_json,
    read_model_file,
    safetensors_from_bytes,
    safetensors_to_bytes,
)

from ._head_files import head_from_arrays, head_to_arrays, whole
from ._network import GraphLayer, GraphNetwork
from ._rules import GraphRules

FORMAT = "eventvision.graph"
VERSION = "1"
_MOST_BYTES = 1 << 28
_REMEDY = "export the model again"
_LAYER_ARRAYS = ("weight", "place", "root", "bias")

Arrays = dict[str, NDArray[Any]]


def save_network(network: GraphNetwork, path: str | Path) -> None:
    """Write a network; a file of that name is replaced when the new one is complete.

    Raises:
        OutputError: If it cannot be written.
    """
    with complete_file(path) as part:
        part.write_bytes(network_to_bytes(network))


def load_network(path: str | Path) -> GraphNetwork:
    """Read a network that `save_network` wrote.

    Raises:
        SourceNotFoundError: If there is no such file.
        SourceError: If it cannot be read.
        FormatError: If it holds no graph network, or a damaged or impossible one.
    """
    content = read_model_file(path, _MOST_BYTES, "a graph network", _REMEDY)
    try:
        return network_from_bytes(content)
    except ValueError as error:
        raise FormatError(path, f"no valid graph network: {error}", _REMEDY) from error


def network_to_bytes(network: GraphNetwork) -> bytes:
    """Return the content of a network's file."""
    rules, head = network.rules, network.head
    arrays, head_settings = head_to_arrays(head)
    for number, layer in enumerate(network.layers):
        for name in _LAYER_ARRAYS:
            arrays[f"layers.{number}.{name}"] = getattr(layer, name)
        if layer.shift is not None:
            arrays[f"layers.{number}.shift"] = layer.shift
    settings = {
        "rules": {name: getattr(rules, name) for name in rules.__slots__},
        "aggregates": [layer.aggregate for layer in network.layers],
        "cell_px": network.cell_px,
        "memory_us": network.memory_us,
        "leak_us": network.leak_us,
        "scale": network.scale,
        **head_settings,
    }
    text = json.dumps(settings, separators=(",", ":"))
    return safetensors_to_bytes(arrays, {"format": FORMAT, "version": VERSION, "network": text})


def network_from_bytes(content: bytes) -> GraphNetwork:
    """Read the content of a network's file.

    Raises:
        ValueError: If it is not valid; the text says why.
    """
    arrays, metadata = safetensors_from_bytes(content)
    if metadata.get("format") != FORMAT:
        raise ValueError(f"its format is {metadata.get('format')!r}, not {FORMAT!r}")
    if metadata.get("version") != VERSION:
        raise ValueError(f"its version is {metadata.get('version')!r}; known is {VERSION!r}")
    settings = parsed_json(metadata.get("network", ""))
    try:
        network = _network(settings, dict(arrays))
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(f"its settings are not complete ({error!r})") from error
    return network


def _network(settings: dict[str, Any], arrays: Arrays) -> GraphNetwork:
    layers = []
    for number, aggregate in enumerate(settings["aggregates"]):
        found = {name: arrays.pop(f"layers.{number}.{name}") for name in _LAYER_ARRAYS}
        shift = arrays.pop(f"layers.{number}.shift", None)
        layer = GraphLayer(**found, aggregate=aggregate, shift=shift)
        _check_types(number, layer)
        layers.append(layer)
    head = head_from_arrays(settings, arrays)
    if arrays:
        raise ValueError(f"array {next(iter(arrays))!r} belongs to nothing")
    rules = settings["rules"]
    ages = tuple(map(whole, rules["ages_us"]))
    numbers = {name: whole(rules[name]) for name in GraphRules.__slots__ if name != "ages_us"}
    leak = settings["leak_us"]
    return GraphNetwork(
        rules=GraphRules(**numbers, ages_us=ages),
        layers=tuple(layers),
        cell_px=whole(settings["cell_px"]),
        memory_us=whole(settings["memory_us"]),
        head=head,
        scale=float(settings["scale"]),
        leak_us=None if leak is None else whole(leak),
    )


def _check_types(number: int, layer: GraphLayer) -> None:
    """Refuse arrays of other types than a layer has, as kernels trust them."""
    small, wide = (np.float32, np.float32) if layer.shift is None else (np.int8, np.int32)
    for name, kind in (("weight", small), ("root", small), ("place", wide), ("bias", wide)):
        if getattr(layer, name).dtype != kind:
            raise ValueError(f"{name} of layer {number + 1} is not {np.dtype(kind)}")
    if layer.shift is not None and layer.shift.dtype != np.int32:
        raise ValueError(f"shift of layer {number + 1} is not int32")
