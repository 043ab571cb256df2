"""Integer models in files: safetensors, with the graph as JSON in the metadata.

The JSON is a list of nodes in order; every node names its kind and its settings; one that is left
out has its default. Arrays lie beside it under `NODE.SETTING`. Weights of 4 and 2 bits are packed;
their shape is in the JSON.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import (
    WHOLE_NUMBERS,
    FormatError,
    complete_file,
    parsed_json,
    read_model_file,
    safetensors_from_bytes,
    safetensors_to_bytes,
)

from ._checks import WEIGHT_RANGES
from ._model import IntegerModel
from ._nodes import NODE_KINDS, Node
from ._packing import pack_weights, packed_size, unpack_weights

FORMAT = "eventvision.integer"
VERSION = "1"
Arrays = dict[str, NDArray[np.generic]]

_MAX_FILE = 2**30
_REMEDY = "export the model again"
_KINDS = {kind.__name__: kind for kind in NODE_KINDS}
_WEIGHT = "weight"


def save_model(model: IntegerModel, path: str | Path) -> None:
    """Write a model; a file of that name is replaced when the new one is complete.

    Raises:
        OutputError: If it cannot be written.
    """
    with complete_file(path) as part:
        part.write_bytes(model_to_bytes(model))


def load_model(path: str | Path) -> IntegerModel:
    """Read a model that `save_model` wrote.

    Raises:
        SourceNotFoundError: If there is no such file.
        SourceError: If it cannot be read.
        FormatError: If it holds no integer model, or a damaged or impossible one.
    """
    content = read_model_file(path, _MAX_FILE, "an integer model", _REMEDY)
    try:
        return model_from_bytes(content)
    except ValueError as error:
        raise FormatError(path, f"no valid integer model: {error}", _REMEDY) from error


def model_to_bytes(model: IntegerModel) -> bytes:
    """Return the content of a model's file."""
    arrays: Arrays = {}
    graph = [_described(node, arrays) for node in model.nodes]
    text = json.dumps(graph, separators=(",", ":"))
    return safetensors_to_bytes(arrays, {"format": FORMAT, "version": VERSION, "graph": text})


def model_from_bytes(content: bytes) -> IntegerModel:
    """Read the content of a model's file.

    Raises:
        ValueError: If it is not valid; the text says why.
    """
    arrays, metadata = safetensors_from_bytes(content, WHOLE_NUMBERS)
    if metadata.get("format") != FORMAT:
        raise ValueError(f"its format is {metadata.get('format')!r}, not {FORMAT!r}")
    if metadata.get("version") != VERSION:
        raise ValueError(f"its version is {metadata.get('version')!r}; known is {VERSION!r}")
    graph = parsed_json(metadata.get("graph", ""))
    if not isinstance(graph, list):
        raise ValueError("its graph is not a list")
    model = IntegerModel([_node(entry, arrays) for entry in graph])
    if arrays:
        raise ValueError(f"array {next(iter(arrays))!r} belongs to no node")
    return model


def _described(node: Node, arrays: Arrays) -> dict[str, Any]:
    """Return a node's settings for JSON; its arrays go into `arrays`."""
    entry: dict[str, Any] = {"node": type(node).__name__}
    for setting in dataclasses.fields(node):
        value = getattr(node, setting.name)
        if setting.name == _WEIGHT:
            entry["shape"] = list(value.shape)
            bits: int = getattr(node, "weight_bits")  # noqa: B009 - nodes with weights have it
            arrays[f"{node.name}.{_WEIGHT}"] = pack_weights(value, bits)
        elif isinstance(value, np.ndarray):
            arrays[f"{node.name}.{setting.name}"] = value
        else:
            entry[setting.name] = value
    return entry


def _node(entry: Any, arrays: Arrays) -> Node:
    """Make a node of its settings; its arrays are taken out of `arrays`."""
    if not isinstance(entry, dict) or not isinstance(entry.get("node"), str):
        raise ValueError("an entry of the graph does not say which node it is")
    if entry["node"] not in _KINDS:
        raise ValueError(f"there is no node {entry['node']!r}")
    kind = _KINDS[entry["node"]]
    given = {name: value for name, value in entry.items() if name != "node"}
    name = _text(given.get("name"))
    settings: dict[str, Any] = {}
    for setting in dataclasses.fields(kind):
        if setting.name == _WEIGHT:
            settings[_WEIGHT] = _weights(name, given.pop("shape", None), given, arrays)
        elif str(setting.type).startswith("NDArray"):
            settings[setting.name] = _taken(arrays, f"{name}.{setting.name}")
        elif setting.name in given:
            settings[setting.name] = _READERS[setting.name](given.pop(setting.name))
        elif setting.type == "Leak" and f"{name}.{setting.name}" in arrays:
            settings[setting.name] = arrays.pop(f"{name}.{setting.name}")
        elif setting.default is dataclasses.MISSING:
            raise ValueError(f"node {name!r} lacks {setting.name}")
    if given:
        raise ValueError(f"node {name!r} has an unknown setting {next(iter(given))!r}")
    return kind(**settings)


def _taken(arrays: Arrays, name: str) -> NDArray[np.generic]:
    if name not in arrays:
        raise ValueError(f"array {name!r} is missing")
    return arrays.pop(name)


def _weights(name: str, shape: Any, given: dict[str, Any], arrays: Arrays) -> NDArray[np.int8]:
    bits = _whole(given.get("weight_bits"))
    sizes = _wholes(shape)
    packed = _taken(arrays, f"{name}.{_WEIGHT}")
    if bits not in WEIGHT_RANGES or min(sizes, default=0) < 1:
        raise ValueError(f"node {name!r} has no valid weights")
    if packed.dtype != np.uint8 or packed.shape != (packed_size(prod(sizes), bits),):
        raise ValueError(f"the weights of {name!r} do not match their shape")
    return unpack_weights(packed.astype(np.uint8), prod(sizes), bits).reshape(sizes)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected a text, got {value!r:.40}")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError(f"expected texts, got {value!r:.40}")
    return tuple(map(_text, value))


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise ValueError(f"expected a whole number, got {value!r:.40}")
    return value


def _wholes(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list):
        raise ValueError(f"expected whole numbers, got {value!r:.40}")
    return tuple(map(_whole, value))


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"expected true or false, got {value!r:.40}")
    return value


def _or_none(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else read(value)


_READERS: dict[str, Callable[[Any], Any]] = {
    "name": _text,
    "input": _text,
    "inputs": _texts,
    "like": _text,
    "dtype": _text,
    "kind": _text,
    "curve": _text,
    "channels": _whole,
    "exponent": _whole,
    "groups": _whole,
    "weight_bits": _whole,
    "levels": _whole,
    "factor": _whole,
    "leak": _or_none(_whole),
    "rounding": _flag,
    "normalise": _flag,
    "shift": _whole,
    "shifts": _wholes,
    "stride": _or_none(_wholes),
    "padding": _wholes,
    "size": _or_none(_wholes),
}
