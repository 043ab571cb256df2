"""What a model is, in a form that every room can read without loading a network.

A model is a folder: a card, and beside it the same network in one or more forms (artifacts), of
which each device takes the one it likes best. `docs/models.md` describes the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ._errors import ModelError
from ._sensor import SensorSize
from ._sizes import Size, names_in, size_for

ARTIFACT_FORMATS = ("onnx", "safetensors", "integer", "nir", "graph", "graph-integer")
"""Forms in which a network is stored."""


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """An input, output or state of a network.

    Attributes:
        shape: Sizes; a name stands for a size that is free, equal wherever the name recurs, and
            may be multiplied and divided, as in `height/4`, which is rounded up.
        dtype: Type of the elements.
        classes: Names of the classes that an output tells apart, where it does, in its order.
    """

    shape: tuple[Size, ...]
    dtype: np.dtype[np.generic]
    classes: tuple[str, ...] = ()

    def shape_for(self, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """Return the shape with its free sizes filled in.

        Raises:
            ValueError: If one is not given.
        """
        names = [name for size in self.shape for name in names_in(size)]
        missing = [name for name in dict.fromkeys(names) if name not in sizes]
        if missing:
            raise ValueError(f"shape {self.shape} needs a size for {', '.join(missing)}")
        return tuple(size_for(size, sizes) for size in self.shape)


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure of merit and how to get it again.

    Attributes:
        name: What was measured, such as `accuracy`.
        value: The figure.
        low: Lower end of its 95 % confidence interval; `value` where none is known.
        high: Upper end.
        artifact: The form measured.
        data: What it was measured on.
        command: The command that measures it.
    """

    name: str
    value: float
    low: float
    high: float
    artifact: str
    data: str
    command: str


@dataclass(frozen=True, slots=True)
class TrainingData:
    """A data set that a model learned from, its licence, and where it comes from."""

    name: str
    licence: str
    origin: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelCard:
    """The card of a model; `load_card` reads it.

    Attributes:
        folder: Where the model lies; file names are relative to it.
        name: Name; that of the folder for shipped models.
        summary: One sentence on what it does.
        task: What the outputs mean, such as `classification`.
        classes: Names of the classes, in the order of the output; outputs with classes of their
            own have them in their `TensorSpec`.
        representation: The input, as `eventvision.representations.parse_representation` reads it.
        slicer: The slices it was trained on, as `eventvision.slicing.parse_slicer` reads them;
            empty if any will do.
        sensor: Sensor size that it takes; None for any.
        multiple: Height and width of its inputs must be multiples of this; what is missing is
            filled up with zeros, on the right and at the bottom.
        inputs: Inputs of one step by name.
        outputs: Outputs of one step by name.
        states: State carried from step to step by name; all zero at the start.
        artifacts: File by format, see `ARTIFACT_FORMATS`.
        tolerance: Largest absolute difference from the golden outputs, by format.
        golden: File of the golden sample.
        metrics: What it scored.
        data: What it learned from.
        licence: Licence of the weights.
        command: The command that trains it.
        limits: What it cannot do, each one sentence.
    """

    folder: Path
    name: str
    summary: str
    task: str
    classes: tuple[str, ...]
    representation: str
    slicer: str
    sensor: SensorSize | None
    inputs: Mapping[str, TensorSpec]
    outputs: Mapping[str, TensorSpec]
    states: Mapping[str, TensorSpec]
    artifacts: Mapping[str, str]
    tolerance: Mapping[str, float]
    golden: str
    metrics: tuple[Metric, ...]
    data: tuple[TrainingData, ...]
    licence: str
    command: str
    limits: tuple[str, ...]
    multiple: int = 1

    def classes_of(self, output: str) -> tuple[str, ...]:
        """Return the names of the classes that an output tells apart."""
        return self.outputs[output].classes or self.classes

    def artifact(self, name: str) -> Path:
        """Return the file of the network in a format.

        Raises:
            ModelError: If the model has none, or the file is missing.
        """
        if name not in self.artifacts:
            have = ", ".join(self.artifacts) or "none"
            raise ModelError(self.name, f"has no {name} artifact", f"choose from: {have}")
        return self._file(self.artifacts[name])

    def golden_file(self) -> Path:
        """Return the file of the golden sample.

        Raises:
            ModelError: If it is missing.
        """
        return self._file(self.golden)

    def _file(self, name: str) -> Path:
        path = self.folder / name
        if not path.is_file():
            raise ModelError(self.name, f"{path} is missing", "copy the whole folder again")
        return path
