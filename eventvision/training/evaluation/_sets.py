"""Frozen sets on disk: a file per sequence, and a list of them with digests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import FormatError, OutputError, SourceNotFoundError

from ._making import class_counts, make_sequence
from ._scenarios import Images, scenarios
from ._sequence import ValidationSequence, digest, load_sequence, save_sequence

LIST_FILE = "set.json"
_PRIOR_FILE = "prior.npz"
_FORM = 1

Watcher = Callable[[str], None]
"""Called with a line about each sequence that is done."""


@dataclass(frozen=True, slots=True)
class ValidationSet:
    """A frozen set.

    Attributes:
        folder: Where it lies.
        name: Its name.
        digest: SHA-256 of all that is in it.
        files: Digest of each file by name.
        class_counts: How often each class is seen where in scenes of these kinds, shape
            (classes, rows, columns); for `ClassPrior`.
    """

    folder: Path
    name: str
    digest: str
    files: dict[str, str]
    class_counts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.files)

    def __iter__(self) -> Iterator[ValidationSequence]:
        """Yield the sequences.

        Raises:
            FormatError: If a file is missing or damaged.
        """
        return (self[number] for number in range(len(self)))

    def __getitem__(self, number: int) -> ValidationSequence:
        """Read one sequence.

        Raises:
            FormatError: If its file is missing or damaged.
        """
        name, known = list(self.files.items())[number]
        return load_sequence(self.folder / name, known)


def make_set(
    name: str, folder: Path, *, images: Path | None = None, watch: Watcher | None = None
) -> ValidationSet:
    """Make a frozen set; files of the same names are replaced.

    Args:
        name: One of `SETS`.
        folder: Where to put it.
        images: Folder of images; needed for `mixed`.
        watch: Is told of progress.

    Raises:
        ConfigError: If there is no set of that name, or it needs images.
        SourceError: If an image cannot be read.
        OutputError: If the folder cannot be written.
    """
    shown = None if images is None else Images.within(images, "val")
    known = None if images is None else Images.within(images, "train")
    plans = list(scenarios(name, shown))
    counts = class_counts(scenarios(name, known, for_prior=True))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(folder / _PRIOR_FILE, counts=counts)
        files = {}
        for plan in plans:
            file = f"{plan.name}.npz"
            sequence = make_sequence(plan)
            files[file] = save_sequence(folder / file, sequence)
            if watch is not None:
                watch(f"{plan.name}: {len(sequence.events)} events")
        made = ValidationSet(folder, name, _total(files, counts), files, counts)
        content = {"form": _FORM, "name": name, "digest": made.digest, "files": files}
        (folder / LIST_FILE).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(folder, str(error.strerror or error), "choose another place") from error
    return made


def open_set(folder: Path) -> ValidationSet:
    """Open a frozen set.

    Raises:
        SourceNotFoundError: If there is none in the folder.
        FormatError: If its list is damaged.
    """
    path = folder / LIST_FILE
    if not path.is_file():
        problem = "holds no validation set"
        raise SourceNotFoundError(folder, problem, "make one with eventvision evaluate --make")
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        files = {str(name): str(known) for name, known in content["files"].items()}
        with np.load(folder / _PRIOR_FILE, allow_pickle=False) as file:
            counts = file["counts"]
        found = ValidationSet(folder, str(content["name"]), _total(files, counts), files, counts)
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise FormatError(path, f"is damaged ({error})", "make the set again") from error
    if found.digest != content.get("digest") or content.get("form") != _FORM:
        raise FormatError(path, "does not go with its files", "make the set again")
    return found


def _total(files: dict[str, str], counts: NDArray[np.int64]) -> str:
    total = hashlib.sha256(digest({"counts": counts}).encode())
    for name, known in sorted(files.items()):
        total.update(f"{name} {known}\n".encode())
    return total.hexdigest()
