"""Make the shipped recordings anew: `python -m eventvision_recordings FOLDER [--only NAME]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from eventvision.core import EventVisionError, OutputError

from ._build import RECIPES, build, write_manifest


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code: 0, or 2 with one line about what is wrong."""
    options = _parser().parse_args(arguments)
    try:
        _make(options.folder, options.only)
    except EventVisionError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m eventvision_recordings", description=__doc__)
    parser.add_argument("folder", type=Path, help="where to write; files there are replaced")
    names = [recipe.name for recipe in RECIPES]
    parser.add_argument("--only", choices=names, help="one of them (default: all)")
    return parser


def _make(folder: Path, only: str | None) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(folder, str(error.strerror), "name a folder") from error
    chosen = [recipe for recipe in RECIPES if only in {None, recipe.name}]
    write_manifest(folder, [build(folder, recipe, _Progress()) for recipe in chosen])


class _Progress:
    """Keeps one line of standard error up to date."""

    def __init__(self) -> None:
        self._shown = -1

    def __call__(self, name: str, share: float) -> None:
        percent = 5 * int(20 * share)
        if percent != self._shown:
            self._shown = percent
            sys.stderr.write(f"\r{name}: {percent:3d} %" + ("\n" if percent == 100 else ""))
            sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
