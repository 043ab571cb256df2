"""Reads `card.toml`."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

import numpy as np

from ._errors import ModelError
from ._model_card import ARTIFACT_FORMATS, Metric, ModelCard, TensorSpec, TrainingData
from ._sensor import SensorSize
from ._sizes import checked_size, names_in
from ._toml_table import Table, TableError

CARD_FILE = "card.toml"

_MOST_BYTES = 1 << 20
_MOST_MULTIPLE = 1024


def read_card(folder: Path) -> ModelCard:
    """Read the card of a model's folder.

    Raises:
        ModelError: If there is no card or something in it is wrong.
    """
    path = folder / CARD_FILE
    try:
        return _card(folder, Table(tomllib.loads(_text(path))))
    except OSError as error:
        problem = f"cannot be read ({error.strerror or error})"
        raise ModelError(path, problem, "name a folder that holds a card.toml") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ModelError(path, f"is not TOML ({error})", "correct it") from error
    except TableError as error:
        raise ModelError(path, str(error), "see docs/models.md") from error


def _text(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise TableError(f"is longer than {_MOST_BYTES} bytes, which no card is")
    return content.decode("utf-8")


def _card(folder: Path, table: Table) -> ModelCard:
    card = ModelCard(
        folder=folder,
        name=table.read("name", _name),
        summary=table.take("summary", str),
        task=table.take("task", str),
        classes=table.list_of("classes", str),
        representation=table.take("representation", str),
        slicer=table.take("slicer", str, ""),
        sensor=table.read("sensor", _sensor),
        multiple=_multiple(table.take("multiple", int, 1)),
        inputs=_inputs(table.table("inputs")),
        outputs=_tensors(table.table("outputs")),
        states=_tensors(table.table("states")),
        artifacts=_artifacts(table.table("artifacts")),
        tolerance=_tolerance(table.table("tolerance")),
        golden=table.read("golden", _file_name),
        metrics=tuple(_metric(metric) for metric in table.tables("metrics")),
        data=tuple(_data(data) for data in table.tables("data")),
        licence=table.take("licence", str),
        command=table.take("command", str),
        limits=table.list_of("limits", str),
    )
    table.finish()
    for name in ("inputs", "outputs", "artifacts"):
        if not getattr(card, name):
            raise TableError(f"{name} is missing or empty")
    return card


def _tensors(table: Table) -> Mapping[str, TensorSpec]:
    return MappingProxyType({name: _tensor(table.table(name), name) for name in table.names()})


def _tensor(table: Table, name: str) -> TensorSpec:
    sizes: list[Any] = table.take("shape", list)
    try:
        shape = tuple(checked_size(size) for size in sizes)
    except ValueError as error:
        raise TableError(f"shape of {name} has {error}") from error
    dtype, classes = table.read("dtype", _dtype, "float32"), table.list_of("classes", str)
    table.finish()
    return TensorSpec(shape, dtype, classes)


def _inputs(table: Table) -> Mapping[str, TensorSpec]:
    found = _tensors(table)
    for name, spec in found.items():
        for size in spec.shape:
            if isinstance(size, str) and names_in(size) != (size,):
                raise TableError(f"shape of {name} has {size!r}; a free size of an input is a name")
    return found


def _artifacts(table: Table) -> Mapping[str, str]:
    found = {name: table.read(name, _file_name) for name in _formats(table)}
    table.finish()
    return MappingProxyType(found)


def _tolerance(table: Table) -> Mapping[str, float]:
    found = {name: table.take(name, float) for name in _formats(table)}
    table.finish()
    return MappingProxyType(found)


def _formats(table: Table) -> list[str]:
    return [name for name in ARTIFACT_FORMATS if name in table.names()]


def _metric(table: Table) -> Metric:
    value = table.take("value", float)
    metric = Metric(
        name=table.take("name", str),
        value=value,
        low=table.take("low", float, value),
        high=table.take("high", float, value),
        artifact=table.take("artifact", str),
        data=table.take("data", str),
        command=table.take("command", str),
    )
    table.finish()
    if not (math.isfinite(value) and metric.low <= value <= metric.high):
        raise TableError(f"metric {metric.name}: low <= value <= high does not hold")
    return metric


def _data(table: Table) -> TrainingData:
    data = TrainingData(
        name=table.take("name", str),
        licence=table.take("licence", str),
        origin=table.take("origin", str),
    )
    table.finish()
    return data


def _multiple(value: int) -> int:
    if not 1 <= value <= _MOST_MULTIPLE:
        raise TableError(f"multiple must be 1 to {_MOST_MULTIPLE}, not {value}")
    return value


def _name(text: str) -> str:
    if re.fullmatch(r"[a-z0-9][a-z0-9-]*", text) is None:
        raise ValueError(f"a name has small letters, digits and hyphens, not {text!r}")
    return text


def _sensor(text: str) -> SensorSize | None:
    return None if text == "any" else SensorSize.parse(text)


def _dtype(text: str) -> np.dtype[np.generic]:
    if re.fullmatch(r"bool|u?int(8|16|32|64)|float(16|32|64)", text) is None:
        raise ValueError(f"a dtype looks like float32, int8 or bool, not {text!r}")
    return np.dtype(text)


def _file_name(text: str) -> str:
    path = PurePosixPath(text)
    if not text or path.is_absolute() or ".." in path.parts or "\\" in text:
        raise ValueError(f"a file lies in the folder of its card, {text!r} does not")
    return text
