"""A mesh of neuromorphic cores, described by a small TOML file.

[mesh]
width = 16                 # columns
height = 16                # rows
[core]
neurons = 8192             # potentials that a core holds
weights_kib = 64           # memory for weights
layers = 2                 # layers that may share a core
[link]
spikes_per_step = 100_000  # what a link carries in a step
cost = 1.0                 # of a spike over a link, in any unit
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from eventvision.core import ConfigError

_MOST_CORES = 2**16
_KEYS = {
    ("mesh", "width"): ("width", int),
    ("mesh", "height"): ("height", int),
    ("core", "neurons"): ("core_neurons", int),
    ("core", "weights_kib"): ("core_weights_kib", int),
    ("core", "layers"): ("core_layers", int),
    ("link", "spikes_per_step"): ("link_spikes", float),
    ("link", "cost"): ("link_cost", float),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Mesh:
    """Cores in rows and columns, each joined to its four neighbours.

    Attributes:
        width: Columns.
        height: Rows.
        core_neurons: Potentials that a core holds.
        core_weights_kib: Its memory for weights.
        core_layers: How many layers may share a core.
        link_spikes: Spikes that a link carries in a step, each way.
        link_cost: Of a spike over a link.
    """

    width: int
    height: int
    core_neurons: int
    core_weights_kib: int
    core_layers: int = 2
    link_spikes: float = float("inf")
    link_cost: float = 1.0

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if not value > 0:
                raise ValueError(f"{each.name} must be positive, got {value}")
        if self.cores > _MOST_CORES:
            raise ValueError(f"a mesh has at most {_MOST_CORES} cores, got {self.cores}")

    @property
    def cores(self) -> int:
        """How many there are."""
        return self.width * self.height

    @property
    def core_weights(self) -> int:
        """Bytes for weights in a core."""
        return self.core_weights_kib * 1024


def load_mesh(path: Path) -> Mesh:
    """Read the description of a mesh.

    Raises:
        ConfigError: If the file cannot be read, or something in it is missing or wrong.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError("--mesh", path, f"a readable TOML file ({error})") from error
    settings: dict[str, Any] = {}
    for table, content in tables.items():
        entries = content.items() if isinstance(content, dict) else [("", content)]
        for key, value in entries:
            settings.update(_checked(path, table, key, value))
    missing = [".".join(key) for key, (name, _) in _KEYS.items()
               if name not in settings and name in _REQUIRED]  # fmt: skip
    if missing:
        raise ConfigError(f"{path}", "", f"a number for {', '.join(missing)}")
    try:
        return Mesh(**settings)
    except ValueError as error:
        raise ConfigError("--mesh", path, f"sound numbers ({error})") from error


_REQUIRED = ("width", "height", "core_neurons", "core_weights_kib")


def _checked(path: Path, table: str, key: str, value: object) -> dict[str, int | float]:
    if (table, key) not in _KEYS:
        known = ", ".join(".".join(each) for each in _KEYS)
        raise ConfigError(f"{path}", f"{table}.{key}", known)
    name, kind = _KEYS[table, key]
    is_number = isinstance(value, int if kind is int else int | float)
    if isinstance(value, bool) or not is_number:
        raise ConfigError(f"{path}: {table}.{key}", value, "a number")
    return {name: value}  # type: ignore[dict-item]
