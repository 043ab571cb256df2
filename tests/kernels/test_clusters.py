"""Clustering of cells against flood fill and connected components."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from eventvision.kernels import clusters as kernel


def random_grid(seed: int, share: float, shape: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(seed).random(shape) < share


def places_and_counts(active: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    places = np.argwhere(active).astype(np.int32)
    return places, kernel.running_counts(places, *active.shape)


def clustered(active: np.ndarray, reach: int, needed: int) -> tuple[np.ndarray, int]:
    places, counts = places_and_counts(active)
    labels, count = kernel.cluster(places, counts, reach, needed)
    grid = np.zeros(active.shape, int)
    grid[places[:, 0], places[:, 1]] = labels
    return grid, count


def window(grid: np.ndarray, row: int, column: int, reach: int) -> np.ndarray:
    return grid[max(row - reach, 0) : row + reach + 1, max(column - reach, 0) : column + reach + 1]


def by_flood_fill(active: np.ndarray, reach: int, needed: int) -> tuple[np.ndarray, int]:
    rows, columns = active.shape
    cores = np.array(
        [
            [active[y, x] and window(active, y, x, reach).sum() >= needed for x in range(columns)]
            for y in range(rows)
        ],
        bool,
    ).reshape(active.shape)
    labels, count = np.zeros(active.shape, int), 0
    for start in zip(*np.nonzero(cores), strict=True):
        if labels[start]:
            continue
        count += 1
        labels[start] = count
        waiting = [start]
        while waiting:
            y, x = waiting.pop()
            for ny in range(max(y - reach, 0), min(y + reach + 1, rows)):
                for nx in range(max(x - reach, 0), min(x + reach + 1, columns)):
                    if cores[ny, nx] and not labels[ny, nx]:
                        labels[ny, nx] = count
                        waiting.append((ny, nx))
    touching = labels.copy()
    for y, x in zip(*np.nonzero(active & ~cores), strict=True):
        beside = window(labels, y, x, 1)
        touching[y, x] = next(iter(beside[beside > 0]), 0)
    return touching, count


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 1), (25, 40)])
@pytest.mark.parametrize("share", [0.0, 0.05, 0.3, 0.7, 1.0])
@pytest.mark.parametrize(("reach", "needed"), [(1, 1), (1, 5), (2, 6), (2, 13), (3, 8), (3, 20)])
def test_clusters_are_those_of_flood_fill(shape, share, reach, needed):
    active = random_grid(reach + needed, share, shape)
    labels, count = clustered(active, reach, needed)
    expected, expected_count = by_flood_fill(active, reach, needed)
    assert count == expected_count
    np.testing.assert_array_equal(labels, expected)


@pytest.mark.parametrize("seed", range(5))
def test_with_every_cell_a_core_clusters_are_connected_components(seed):
    active = random_grid(seed, 0.35, (60, 80))
    expected, count = ndimage.label(active, np.ones((3, 3)))
    labels, found = clustered(active, 1, 1)
    assert found == count
    np.testing.assert_array_equal(labels, expected)


def test_running_counts_count_what_lies_above_and_left():
    active = random_grid(9, 0.4, (12, 17))
    _, counts = places_and_counts(active)
    assert counts.shape == (13, 18)
    np.testing.assert_array_equal(counts[1:, 1:], active.cumsum(0).cumsum(1))
    assert not counts[0].any()
    assert not counts[:, 0].any()


@pytest.mark.parametrize("nearest", [1, 4])
@pytest.mark.parametrize("share", [0.02, 0.2, 0.9])
def test_neighbour_distances_are_those_of_a_sorted_list(nearest, share):
    places, counts = places_and_counts(random_grid(11, share, (30, 40)))
    apart = abs(places[:, None].astype(int) - places[None]).max(axis=2)
    expected = np.minimum(np.sort(apart, axis=1)[:, nearest], 4)
    sample = np.ascontiguousarray(places[::2])
    found = kernel.neighbour_distances(sample, counts, nearest, 3)
    np.testing.assert_array_equal(found, expected[::2])


def test_a_lone_cell_has_no_neighbour():
    place = np.array([(2, 2)], np.int32)
    counts = kernel.running_counts(place, 5, 5)
    np.testing.assert_array_equal(kernel.neighbour_distances(place, counts, 1, 3), [4])
