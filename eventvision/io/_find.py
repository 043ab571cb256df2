"""Names that may stand for many recordings: wildcards and folders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path

from eventvision.core import SourceNotFoundError

from ._formats import FORMATS, recognised_folder
from ._open import is_stream

_TRUTH = ".truth.npz"
"""What `eventvision simulate` writes beside a recording: about it, but none itself."""


@dataclass(frozen=True, slots=True)
class Found:
    """A recording that was found.

    Attributes:
        name: What `open_source` takes.
        place: Its path below the folder that was searched; just its name if none was.
    """

    name: str
    place: Path


def may_be_many(name: str) -> bool:
    """Tell whether a name is a folder of recordings or has wildcards."""
    return _is_folder(Path(name)) or _is_pattern(name)


def find_recordings(name: str, *, skip: Path | None = None) -> list[Found]:
    """Return the recordings that a name stands for, in order of their names.

    Args:
        name: A recording, wildcards (`**` for any depth), or a folder, which is searched, with all
            folders below, for files whose extensions are those of recordings.
        skip: Folder that is left out when others are searched.

    Raises:
        SourceNotFoundError: If a folder or wildcards yield nothing; whether a single recording
            is there is found out on opening it.
    """
    names = sorted(glob(name, recursive=True)) if _is_pattern(name) else [name]  # noqa: PTH207
    found = [one for each in names for one in _inside(each, skip)]
    if not found:
        remedy = "check the name; recordings are found by their extensions"
        raise SourceNotFoundError(name, "there is no recording", remedy)
    return found


def _inside(name: str, skip: Path | None) -> list[Found]:
    path = Path(name)
    if not _is_folder(path):
        return [Found(name, _place(path))]
    return [Found(str(each), each.relative_to(path)) for each in _walk(path, skip)]


def _walk(folder: Path, skip: Path | None) -> Iterator[Path]:
    """Yield the recordings in a folder and in those below it."""
    suffixes = {suffix for known in FORMATS if known.reader for suffix in known.suffixes}
    for each in sorted(folder.iterdir()):
        if each.is_dir() and recognised_folder(each) is None:
            if skip is None or not skip.exists() or not each.samefile(skip):
                yield from _walk(each, skip)
        elif each.name.lower().endswith(_TRUTH):
            continue
        elif each.is_dir() or each.suffix.lower() in suffixes:
            yield each


def _place(path: Path) -> Path:
    """Return the name of a recording; that of sample 3 of `a.npz` is `a-3.npz`."""
    name, mark, sample = path.name.rpartition("#")
    if path.exists() or not mark:
        return Path(path.name)
    whole = Path(name)
    return whole.with_name(f"{whole.stem}-{sample}{whole.suffix}")


def _is_folder(path: Path) -> bool:
    return path.is_dir() and recognised_folder(path) is None


def _is_pattern(name: str) -> bool:
    return has_magic(name) and not Path(name).exists() and not is_stream(name)
