"""Golden samples: inputs of a few steps, and what the network answers to them."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._errors import ModelError
from ._model_card import ModelCard

_Arrays = Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True, kw_only=True, slots=True)
class GoldenSample:
    """Inputs and the outputs that belong to them, from a fresh start.

    Attributes:
        inputs: By name, shape (steps, ...): one row for each step.
        outputs: Likewise, of the float network.
        integer_outputs: Likewise, of the integer network; empty if there is none.
    """

    inputs: _Arrays
    outputs: _Arrays
    integer_outputs: _Arrays

    @property
    def steps(self) -> int:
        """Number of steps."""
        return int(next(iter(self.inputs.values())).shape[0])

    def expected(self, artifact: str) -> _Arrays:
        """Return the outputs that an artifact of this format should give."""
        return self.integer_outputs if artifact.endswith("integer") else self.outputs


def load_golden(card: ModelCard) -> GoldenSample:
    """Read the golden sample of a model.

    Raises:
        ModelError: If it is missing, damaged, or does not go with the card.
    """
    path = card.golden_file()
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(path, f"is damaged ({error})", "copy the folder again") from error
    sample = GoldenSample(
        inputs=_part(arrays, "inputs."),
        outputs=_part(arrays, "outputs."),
        integer_outputs=_part(arrays, "integer_outputs."),
    )
    _check(path, card, sample)
    return sample


def save_golden(path: Path, sample: GoldenSample) -> None:
    """Write a golden sample as `load_golden` reads it."""
    parts = {
        "inputs": sample.inputs,
        "outputs": sample.outputs,
        "integer_outputs": sample.integer_outputs,
    }
    arrays: dict[str, Any] = {
        f"{kind}.{name}": array for kind, part in parts.items() for name, array in part.items()
    }
    np.savez_compressed(path, **arrays)


def _part(arrays: _Arrays, prefix: str) -> _Arrays:
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }


def _check(path: Path, card: ModelCard, sample: GoldenSample) -> None:
    for kind, found, wanted in (
        ("inputs", sample.inputs, card.inputs),
        ("outputs", sample.outputs, card.outputs),
    ):
        if set(found) != set(wanted):
            problem = f"has the {kind} {sorted(found)}, the card says {sorted(wanted)}"
            raise ModelError(path, problem, "make it again with the model's recipe")
    parts = (sample.inputs, sample.outputs, sample.integer_outputs)
    lengths = {array.shape[:1] for part in parts for array in part.values()}
    if len(lengths) != 1 or lengths & {(), (0,)}:
        raise ModelError(path, "its arrays are not of equal length", "make it again")
