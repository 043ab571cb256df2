"""The assignment is the best there is: no other one costs less."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from eventvision.kernels.assignment import assign

REFUSED = 1e6


def least_cost(cost: np.ndarray) -> float:
    """Try everything."""
    rows, columns = cost.shape
    ways = permutations(range(columns), rows)
    return min(sum(cost[row, column] for row, column in enumerate(way)) for way in ways)


def costs(kind: str, rows: int, columns: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    cost = rng.uniform(-1, 3, (rows, columns))
    if kind == "small integers":
        cost = np.rint(cost)
    elif kind == "mostly refused":
        cost[rng.random(cost.shape) < 0.7] = REFUSED
    elif kind == "all the same":
        cost[:] = REFUSED
    return cost


@pytest.mark.parametrize("kind", ["any", "small integers", "mostly refused", "all the same"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (3, 3), (3, 6), (5, 5), (5, 7)])
def test_no_other_assignment_costs_less(kind, shape):
    for seed in range(20):
        cost = costs(kind, *shape, seed)
        columns = assign(cost)
        assert len(set(columns.tolist())) == shape[0]
        assert cost[np.arange(shape[0]), columns].sum() == pytest.approx(least_cost(cost))


@pytest.mark.parametrize("shape", [(40, 40), (60, 200)])
def test_large_ones_cost_what_another_solver_finds(shape):
    optimize = pytest.importorskip("scipy.optimize", reason="SciPy is not installed")
    for kind in ("any", "mostly refused"):
        cost = costs(kind, *shape, seed=0)
        rows, columns = optimize.linear_sum_assignment(cost)
        found = cost[np.arange(shape[0]), assign(cost)].sum()
        assert found == pytest.approx(cost[rows, columns].sum())


def test_nothing_is_assigned_to_nothing():
    assert assign(np.empty((0, 4))).tolist() == []


def test_rows_give_way_where_that_costs_less_in_all():
    assert assign(np.array([[1.0, 2.0, 9.0], [1.0, 9.0, 9.0]])).tolist() == [1, 0]
    chain = np.array([[1.0, 2.0, 9.0], [1.0, 1.5, 9.0], [1.0, 9.0, 20.0]])
    assert assign(chain).sum() == 3
    assert assign(chain)[2] == 0
