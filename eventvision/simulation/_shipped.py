"""Where the recordings are that ship with the project."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from eventvision.core import SourceNotFoundError

_PACKAGE = "eventvision_recordings"
_EXTENSION = ".aedat4"


def shipped_recording(name: str = "street") -> Path:
    """Return the file of a shipped recording, in a checkout or an installed wheel.

    The truth about it lies beside it, as `NAME.truth.npz`.

    Raises:
        SourceNotFoundError: If there is none of that name.
    """
    try:
        folder = Path(str(files(_PACKAGE)))
    except ModuleNotFoundError:
        raise SourceNotFoundError(name, f"package {_PACKAGE} is missing", "reinstall") from None
    path = folder / f"{name}{_EXTENSION}"
    if not path.is_file():
        known = ", ".join(sorted(other.stem for other in folder.glob(f"*{_EXTENSION}"))) or "none"
        raise SourceNotFoundError(name, "no such shipped recording", f"choose from: {known}")
    return path
