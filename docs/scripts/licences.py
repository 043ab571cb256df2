"""Writes docs/licences.md: the licences of all that the project installs, from their metadata.

    python docs/scripts/licences.py            in an environment with the extra dev
    python docs/scripts/licences.py --check    says what is missing in the page, and ends with 1

A licence that is not known to this script is an error: somebody has to read it first.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "licences.md"
PROJECT = "eventvision"

FAMILIES = {
    "free to use": (
        "0BSD", "Apache", "BSD", "BSL", "CC0", "ISC", "LLVM-exception", "MIT", "PSF",
        "Python Software Foundation", "Zlib", "any-OSI", "DFSG",
    ),
    "free to use, changes to its files stay open": ("EPL", "LGPL", "MPL", "Mozilla"),
    "copyleft": ("GPL-3.0-only",),
}  # fmt: skip
"""Words in the names of licences, by what they ask for."""

READ = {
    "dv-processing": "Apache-2.0",
    "hdf5plugin": "MIT, with filters under BSD, Apache-2.0 and Zlib",
    "matplotlib": "matplotlib licence (PSF)",
    "neuromorphic-drivers": "MIT",
}
"""Licences of packages whose metadata do not name one; read in the files that they install."""

NOTES = """\
## What to know

- **PyQt6** (extra `gui`) is under the GPL version 3 or a commercial licence of its makers. The code
  of eventvision stays Apache-2.0, which the GPL admits; whoever hands on a program that contains
  PyQt6 does so under the GPL, or buys the other licence. Only `apps/gui/views` and
  `apps/gui/main.py` import it, and a contract checks that.
- **PyAV** (extra `video`) is under BSD; its wheels carry FFmpeg with x264 and x265, which are under
  the GPL version 2 or later. pip fetches them from their makers. Whoever hands on an image or an
  installer with them keeps the GPL for these files, or builds PyAV against another FFmpeg.
- **opencv-python-headless** carries FFmpeg under the LGPL.
- Qt itself (`pyqt6-qt6`) is under the LGPL version 3.
- The weights of shipped models are under the licences that their [cards](models.md) name; the
  shipped recordings are simulated and Apache-2.0.
"""


def main() -> int:
    """Write the page, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    if parser.parse_args().check:
        missing = missing_in(PAGE.read_text(encoding="utf-8"))
        sys.stdout.writelines(f"{name} is missing\n" for name in missing)
        return 1 if missing else 0
    PAGE.write_text(page(), encoding="utf-8")
    return 0


def page() -> str:
    """Return the page."""
    base, rest = set(needed("")), {}
    for extra in optional():
        rest[extra] = set(needed(extra)) - base
    used = base.union(*(names for extra, names in rest.items() if extra not in ("dev", "docs")))
    parts = [
        "# Licences",
        "",
        "eventvision is under the [Apache License 2.0](../LICENSE). None of these packages is part",
        "of its wheel; pip fetches them. Written by `python docs/scripts/licences.py` from the",
        "metadata of what is installed.",
        "",
        NOTES,
        *_table("The base install", base),
        *_table("With extras", used - base),
        *_table(
            "To work on eventvision only (extras `dev` and `docs`)",
            set().union(*rest.values()) - used,
        ),
    ]
    return "\n".join(parts)


def missing_in(text: str) -> list[str]:
    """Return the installed packages that a page does not name with their licence."""
    names = set(needed("")).union(*(set(needed(extra)) for extra in optional()))
    return [name for name in sorted(names) if f"| {name} | {licence(name)} |" not in text]


def optional() -> list[str]:
    """Return the names of the extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [extra for extra in project["optional-dependencies"] if extra != "all"]


def needed(extra: str) -> Iterator[str]:
    """Yield what an extra installs and what that needs, as far as it is installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = project["optional-dependencies"][extra] if extra else project["dependencies"]
    waiting = [Requirement(line) for line in lines]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        wanted = waiting.pop()
        key = (canonicalize_name(wanted.name), frozenset(wanted.extras))
        if key in seen or (wanted.marker and not _applies(wanted)):
            continue
        seen.add(key)
        if key[0] == PROJECT:
            for other in wanted.extras:
                waiting += map(Requirement, project["optional-dependencies"][other])
            continue
        try:
            found = distribution(wanted.name)
        except PackageNotFoundError:
            continue
        yield key[0]
        waiting += _requirements(found, wanted.extras)


def licence(name: str) -> str:
    """Return the licence of an installed package.

    Raises:
        SystemExit: If nobody has said what it is.
    """
    text = READ.get(name) or _named(distribution(name))
    if family(text) is None:
        sys.exit(f"{name}: licence {text!r} is not known; read it and add it to {__file__}")
    return text


def family(text: str) -> str | None:
    """Return what a licence asks for; of several, the most."""
    found = [
        name
        for name, words in FAMILIES.items()
        if any(re.search(rf"(?<![A-Za-z]){re.escape(word)}", text) for word in words)
    ]
    return found[-1] if found else None


def _named(found: Distribution) -> str:
    metadata = found.metadata
    expression = metadata.get("License-Expression")
    classified = [
        line.split("::")[-1].strip()
        for line in metadata.get_all("Classifier") or []
        if line.startswith("License ::")
    ]
    short = (metadata.get("License") or "").strip().splitlines()
    candidates = [expression, *(line for line in short[:1] if family(line)), ", ".join(classified)]
    return next((text for text in candidates if text), "")


def _requirements(found: Distribution, extras: set[str]) -> Iterator[Requirement]:
    for line in found.requires or ():
        wanted = Requirement(line)
        if wanted.marker is None or any(
            wanted.marker.evaluate({"extra": extra}) for extra in (extras or {""})
        ):
            yield wanted


def _applies(wanted: Requirement) -> bool:
    return wanted.marker is None or wanted.marker.evaluate({"extra": ""})


def _table(title: str, names: set[str]) -> list[str]:
    rows = [f"| {name} | {licence(name)} | {family(licence(name))} |" for name in sorted(names)]
    return [f"## {title}", "", "| package | licence | |", "|---|---|---|", *rows, ""]


if __name__ == "__main__":
    sys.exit(main())
