"""The ground as a plane: where a point of the picture lies, in metres, and how fast it moves there.

A homography maps pixels to metres. It comes from at least four points whose places are known, in a
TOML file:

    pixels = [[20, 200], [320, 200], [250, 60], [90, 60]]
    metres = [[0, 0], [4, 0], [4, 12], [0, 12]]

Speeds follow from the derivative of the map at the place, so that perspective is accounted for.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eventvision.core import ConfigError

Array = NDArray[np.float64]

_FEWEST, _MOST = 4, 1000
_LEAST_SPREAD = 1e-7
_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Ground:
    """A plane seen by the camera; `matrix` has shape (3, 3) and maps pixels to metres."""

    matrix: Array

    @classmethod
    def through(cls, pixels: Array, metres: Array) -> Ground:
        """Return the plane that fits known points best.

        Args:
            pixels: Shape (N, 2), at least four.
            metres: Shape (N, 2): the same points on the ground.

        Raises:
            ValueError: If they are too few, or lie on a line.
        """
        if pixels.shape != metres.shape or pixels.ndim != 2 or pixels.shape[1] != 2:
            raise ValueError("pixels and metres must be as many points, each with two numbers")
        if not _FEWEST <= len(pixels) <= _MOST or not np.isfinite([pixels, metres]).all():
            raise ValueError(f"{_FEWEST} to {_MOST} points are needed, all of finite numbers")
        from_px, from_m = _scaling(pixels), _scaling(metres)
        source, target = _mapped(from_px, pixels), _mapped(from_m, metres)
        rows = []
        for (x, y), (u, v) in zip(source, target, strict=True):
            rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y, -u])
            rows.append([0, 0, 0, x, y, 1, -v * x, -v * y, -v])
        _, spread, basis = np.linalg.svd(np.array(rows))
        if spread[7] < _LEAST_SPREAD * spread[0]:
            raise ValueError("the points must not lie on a line")
        matrix = np.linalg.inv(from_m) @ basis[-1].reshape(3, 3) @ from_px
        return cls(matrix / np.linalg.norm(matrix))

    def places_m(self, places: Array) -> Array:
        """Return where points of the picture (N, 2) lie on the ground."""
        return _mapped(self.matrix, places)

    def speed_m_s(self, place: Array, velocity_px_s: Array) -> float:
        """Return how fast a point moves on the ground."""
        x, y, scale = self.matrix @ np.array([*place, 1.0])
        around = self.matrix[:, :2]
        slope = (around[:2] * scale - np.outer([x, y], around[2])) / scale**2
        return float(np.hypot(*(slope @ velocity_px_s)))


def load_ground(path: Path) -> Ground:
    """Read known points from a file.

    Raises:
        ConfigError: If it cannot be read or used.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError("the file is too large")
        found = tomllib.loads(path.read_text(encoding="utf-8"))
        pixels, metres = (np.array(found[name], np.float64) for name in ("pixels", "metres"))
        return Ground.through(pixels, metres)
    except KeyError as error:
        raise ConfigError("ground", str(path), f"a file with {error}") from error
    except (OSError, ValueError, TypeError, np.linalg.LinAlgError) as error:
        expected = f"a TOML file with pixels and metres ({error})"
        raise ConfigError("ground", str(path), expected) from error


def _scaling(points: Array) -> Array:
    """Return what moves points around 0 and to a mean distance of the root of 2."""
    middle = points.mean(axis=0)
    mean = np.linalg.norm(points - middle, axis=1).mean()
    factor = np.sqrt(2) / mean if mean > 0 else 1.0
    return np.array([[factor, 0, -factor * middle[0]], [0, factor, -factor * middle[1]], [0, 0, 1]])


def _mapped(matrix: Array, points: Array) -> Array:
    x, y, scale = matrix @ np.vstack([points.T, np.ones(len(points))])
    return np.stack([x / scale, y / scale], axis=1)
