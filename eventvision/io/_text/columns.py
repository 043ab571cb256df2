"""Which column is which: by name where there are names, by content where there are none."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from eventvision.core import ConfigError
from eventvision.io._time_unit import TIME_UNITS, TimeUnit

_NAMES = {
    "t": ("t", "ts", "time", "times", "timestamp", "timestamps"),
    "x": ("x", "xs", "x_pos", "x_coordinate"),
    "y": ("y", "ys", "y_pos", "y_coordinate"),
    "p": ("p", "ps", "pol", "polarity", "polarities", "on"),
}
_ROLES = {name: role for role, names in _NAMES.items() for name in names}
_UNIT_SUFFIX = re.compile(r"[\s_]*[\[(]?\s*(s|sec|ms|us|µs|usec|ns)\s*[\])]?$")
_UNIT_WORDS: dict[str, TimeUnit] = {"sec": "s", "µs": "us", "usec": "us"}

_ORDERS = ("txyp", "xytp", "xypt")
"""Those that are in use; any other one must be named or given."""

_MOST = 0.9
"""Share of the sample that must agree: a damaged file is still a file in that order."""


def role_of(name: str) -> tuple[str, TimeUnit | None] | None:
    """Return the role of a named column (`t`, `x`, `y` or `p`) and the unit its name states.

    >>> role_of("timestamp_us"), role_of("Polarity"), role_of("t [ns]"), role_of("exposure")
    (('t', 'us'), ('p', None), ('t', 'ns'), None)
    """
    plain = name.strip().strip("\"'").lower()
    if plain in _ROLES:
        return _ROLES[plain], None
    suffix = _UNIT_SUFFIX.search(plain)
    if suffix is None or _ROLES.get(plain[: suffix.start()]) != "t":
        return None
    word = suffix[1]
    return "t", _UNIT_WORDS.get(word) or next(unit for unit in TIME_UNITS if unit == word)


def checked_order(columns: str) -> str:
    """Return a column order given by the user.

    Raises:
        ConfigError: If it does not hold each of t, x, y, p once, with `-` for columns to skip.
    """
    if sorted(columns.replace("-", "")) != sorted("txyp"):
        raise ConfigError("columns", columns, "t, x, y, p once each and - to skip, such as txyp")
    return columns


def guess_order(table: NDArray[np.float64]) -> str | None:
    """Return the order of four unnamed columns, such as `txyp`; None if no order makes sense.

    An order makes sense if polarities are -1, 0 or 1 and pixels are small and not negative. Among
    several, one whose times run in one direction wins, and `txyp` before all others.

    Args:
        table: Shape (N, 4): the first rows of the file.
    """
    sensible = [order for order in _ORDERS if _is_sensible(table, order)]
    running = [order for order in sensible if _runs(table[:, order.index("t")])]
    return next(iter(running or sensible), None)


def _is_sensible(table: NDArray[np.float64], order: str) -> bool:
    polarity = table[:, order.index("p")]
    if np.isin(polarity, (-1, 0, 1)).mean() < _MOST:
        return False
    pixels = table[:, [order.index("x"), order.index("y")]]
    return bool(((pixels >= 0) & (pixels < 65_535)).mean() >= _MOST)


def _runs(times: NDArray[np.float64]) -> bool:
    """Tell whether times run in one direction; backwards is damage, but still a sign of times."""
    if times.size < 2 or times.max() <= times.min():
        return False
    steps = np.diff(times)
    return bool(max((steps >= 0).mean(), (steps <= 0).mean()) >= _MOST)
