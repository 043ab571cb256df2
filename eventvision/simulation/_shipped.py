"""Where the recordings are that ship with the project."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from eventvision.core import SourceNotFoundError

_PACKAGE = "eventvision_recordings"


def shipped_recording(name: str = "movers") -> Path:
    """Return the file of a shipped recording, in a checkout or an installed wheel.

    Raises:
        SourceNotFoundError: If there is none of that name.
    """
    try:
        folder = Path(str(files(_PACKAGE)))
    except ModuleNotFoundError:
        raise SourceNotFoundError(name, f"package {_PACKAGE} is missing", "reinstall") from None
    path = folder / f"{name}.npz"
    if not path.is_file():
        there = sorted(p.stem for p in folder.glob("*.npz") if not p.stem.endswith("_truth"))
        known = ", ".join(there) or "none"
        raise SourceNotFoundError(name, "no such shipped recording", f"choose from: {known}")
    return path
