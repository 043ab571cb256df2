"""Modules made of generated source.

They are files in the user's cache folder, so that compilers can read them and keep what they
compiled for the next process.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
from functools import cache
from pathlib import Path
from threading import Lock
from types import ModuleType

from eventvision.core import CACHE_VARIABLE, OutputError, cache_folder

_loading = Lock()


@cache
def _temporary_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="eventvision-"))


def load_module(source: str, *, name: str, depends_on: str = "") -> ModuleType:
    """Return the module of a source text; the same text gives the same module.

    Args:
        source: The text.
        name: Says in tracebacks and file names what it is.
        depends_on: Texts that its compiled form depends on, such as those of helpers it inlines.

    Raises:
        OutputError: If it can be written neither to the cache nor to a temporary folder.
    """
    digest = hashlib.sha256((source + depends_on).encode()).hexdigest()[:20]
    full_name = f"eventvision_made.{name}_{digest}"
    with _loading:
        if full_name in sys.modules:
            return sys.modules[full_name]
        path = _written(source, f"{name}_{digest}.py")
        specification = importlib.util.spec_from_file_location(full_name, path)
        if specification is None or specification.loader is None:
            raise OutputError(path, "cannot be imported", f"choose another {CACHE_VARIABLE}")
        module = importlib.util.module_from_spec(specification)
        sys.modules[full_name] = module
        try:
            specification.loader.exec_module(module)
        except BaseException:
            del sys.modules[full_name]
            raise
        return module


def _written(source: str, file_name: str) -> Path:
    """Return a file with this text; one that has it already is left as it is."""
    try:
        return _write(cache_folder() / "steps", source, file_name)
    except OSError:
        pass
    folder = _temporary_folder()
    try:
        return _write(folder, source, file_name)
    except OSError as problem:
        remedy = f"set {CACHE_VARIABLE} to a folder that can be written"
        raise OutputError(folder, str(problem), remedy) from problem


def _write(folder: Path, source: str, file_name: str) -> Path:
    path = folder / file_name
    if path.is_file() and path.read_text(encoding="utf-8") == source:
        return path
    folder.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=folder, suffix=".part")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(source)
    Path(part).replace(path)
    return path
