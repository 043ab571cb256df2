"""A page for each room of the library: its public names, from their docstrings."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
_BY_PATH = (
    "eventvision/spiking/nn",
    "eventvision/spiking/steps",
    "eventvision/spiking/integer",
    "eventvision/spiking/learning",
    "eventvision/spiking/quantise",
    "eventvision/spiking/convert",
    "eventvision/spiking/activity",
    "eventvision/simulation/batched",
    "eventvision/training/datasets",
    "eventvision/training/scenes",
    "eventvision/training/evaluation",
)
"""Packages inside rooms that are imported by their path."""


@cache
def api_pages() -> dict[str, tuple[str, str]]:
    """Return place and text of a page by its title."""
    rooms = sorted(path.parent for path in (ROOT / "eventvision").glob("*/__init__.py"))
    folders = [ROOT / "eventvision", *rooms, *(ROOT / path for path in _BY_PATH)]
    pages = {}
    for folder in sorted(folders):
        names = public_names(folder / "__init__.py")
        if names:
            module = ".".join(folder.relative_to(ROOT).parts)
            pages[module] = (f"reference/api/{module}.md", _page(module, names))
    return pages


def public_names(path: Path) -> list[str]:
    """Return what `__all__` of a module lists; empty if there is none."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets
        ):
            return list(ast.literal_eval(node.value))
    return []


def _page(module: str, names: list[str]) -> str:
    head = f"# {module}\n\n::: {module}\n    options:\n      members: []\n"
    parts = [
        f"## {name}\n\n::: {module}.{name}\n    options:\n      heading_level: 3\n"
        for name in names
    ]
    return "\n".join([head, *parts])
