"""What can be opened: wildcards for dialogs, and what is dropped on the window."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from eventvision.core import EventVisionError, SourceNotFoundError
from eventvision.io import FORMATS, FileFormat, find_recordings, may_be_many


def open_filters() -> list[str]:
    """Return what a dialog for opening offers: all recordings, each format, all files."""
    readable = [known for known in FORMATS if known.reader]
    every = sorted({suffix for known in readable for suffix in known.suffixes})
    return [_filter("All recordings", every), *_by_name(readable), "All files (*)"]


def save_filters() -> list[str]:
    """Return what a dialog for converting offers: each format that can be written."""
    return _by_name(known for known in FORMATS if known.writer)


def dropped_sources(paths: Iterable[str]) -> tuple[list[str], str]:
    """Return the recordings among what was dropped, and why there are none, if so.

    A folder stands for all recordings in it.
    """
    found: list[str] = []
    problem = "that is no recording; drop a file or a folder of recordings"
    for path in paths:
        try:
            if may_be_many(path):
                found.extend(each.name for each in find_recordings(path))
            elif Path(path).exists():
                found.append(path)
            else:
                raise SourceNotFoundError(path, "there is no such file", "check its name")
        except EventVisionError as error:
            problem = str(error)
    return found, "" if found else problem


def _by_name(formats: Iterable[FileFormat]) -> list[str]:
    suffixes: dict[str, list[str]] = {}
    for known in formats:
        suffixes.setdefault(known.name, []).extend(known.suffixes)
    return [_filter(name, dict.fromkeys(ends)) for name, ends in suffixes.items()]


def _filter(title: str, suffixes: Iterable[str]) -> str:
    return f"{title} ({' '.join(f'*{suffix}' for suffix in suffixes)})"
