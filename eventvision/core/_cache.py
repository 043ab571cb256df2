"""Where things are kept that can be made again."""

from __future__ import annotations

import os
import sys
from pathlib import Path

CACHE_VARIABLE = "EVENTVISION_CACHE"
"""Environment variable: a folder to use instead of the user's cache folder."""


def cache_folder() -> Path:
    """Return the folder for what is kept between runs but can be lost; it need not exist.

    >>> cache_folder().is_absolute()
    True
    """
    if chosen := os.environ.get(CACHE_VARIABLE):
        return Path(chosen).absolute()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData/Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library/Caches"
    else:
        chosen = os.environ.get("XDG_CACHE_HOME", "")
        base = Path(chosen) if Path(chosen).is_absolute() else Path.home() / ".cache"
    return base / "eventvision"
