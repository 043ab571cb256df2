"""Simulated annealing of tasks on the cores of a mesh.

A swap exchanges what two cores hold, either of which may be empty. Its effect on the traffic is
known from the two tasks' own flows alone, so a trial costs as much as they have partners. The
other core is drawn from a square region around the first, which shrinks as it gets cooler: late
moves are local, and most of them are worth a look.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel

_MULTIPLIER = 6364136223846793005
_INCREMENT = 1442695040888963407
_EMPTY = -1


@inline
def _next(state: NDArray[np.uint64]) -> float:
    """Advance a linear congruential generator; return 0 to 1 from its upper bits."""
    state[0] = state[0] * np.uint64(_MULTIPLIER) + np.uint64(_INCREMENT)
    return float(state[0] >> np.uint64(11)) / 9007199254740992.0


@inline
def _cost_at(
    task: int,
    place: int,
    other: int,
    other_place: int,
    places: NDArray[np.int64],
    starts: NDArray[np.int64],
    partners: NDArray[np.int64],
    flows: NDArray[np.float64],
    width: int,
) -> float:
    """Return spikes times hops of a task at a place, while another one is elsewhere than noted."""
    row, column = place // width, place % width
    total = 0.0
    for index in range(starts[task], starts[task + 1]):
        partner = partners[index]
        there = other_place if partner == other else places[partner]
        total += flows[index] * (abs(row - there // width) + abs(column - there % width))
    return total


@kernel
def anneal(
    places: NDArray[np.int64],
    holds: NDArray[np.int64],
    starts: NDArray[np.int64],
    partners: NDArray[np.int64],
    flows: NDArray[np.float64],
    width: int,
    hot: float,
    cold: float,
    trials: int,
    seed: int,
) -> float:
    """Improve a placement in place.

    Args:
        places: Core of each task, int64, shape (tasks,); updated.
        holds: Task on each core, -1 for none, shape (cores,); updated.
        starts: Where the partners of each task begin, shape (tasks + 1,).
        partners: Tasks that a task exchanges spikes with, each pair from both sides.
        flows: Spikes that go to and fro in a step, one for each of `partners`.
        width: Columns of the mesh; cores are numbered row by row.
        hot: Increase of the traffic that is accepted with a chance of 1/e in the beginning.
        cold: The same in the end.
        trials: Number of swaps looked at.
        seed: Another seed, another placement.

    Returns:
        By how much the traffic changed.
    """
    state = np.array([seed], np.uint64)
    height = len(holds) // width
    cooling = (cold / hot) ** (1.0 / max(trials, 1))
    temperature, changed = hot, 0.0
    for trial in range(trials):
        reach = 1 + int(max(width, height) * (1.0 - trial / trials))
        task = int(_next(state) * len(places))
        place = places[task]
        row = place // width + int(_next(state) * (2 * reach + 1)) - reach
        column = place % width + int(_next(state) * (2 * reach + 1)) - reach
        chance = _next(state)
        temperature *= cooling
        if not (0 <= row < height and 0 <= column < width):
            continue
        goal = row * width + column
        if goal == place:
            continue
        other = holds[goal]
        delta = _cost_at(task, goal, other, place, places, starts, partners, flows, width)
        delta -= _cost_at(task, place, other, goal, places, starts, partners, flows, width)
        if other != _EMPTY:
            delta += _cost_at(other, place, task, goal, places, starts, partners, flows, width)
            delta -= _cost_at(other, goal, task, place, places, starts, partners, flows, width)
        if delta <= 0.0 or chance < np.exp(-delta / temperature):
            places[task], holds[goal], holds[place] = goal, task, other
            if other != _EMPTY:
                places[other] = place
            changed += delta
    return changed


@kernel
def load_links(
    sources: NDArray[np.int64],
    goals: NDArray[np.int64],
    flows: NDArray[np.float64],
    width: int,
    loads: NDArray[np.float64],
) -> None:
    """Add up what goes over each link when spikes travel along the row first, then the column.

    Args:
        sources: Core that sends, one for each flow.
        goals: Core that receives.
        flows: Spikes in a step.
        width: Columns of the mesh.
        loads: Shape (cores, 4): links out of each core to the east, west, south, north; added to.
    """
    for index in range(len(flows)):
        place, goal = sources[index], goals[index]
        while place % width != goal % width:
            east = place % width < goal % width
            loads[place, 0 if east else 1] += flows[index]
            place += 1 if east else -1
        while place != goal:
            south = place < goal
            loads[place, 2 if south else 3] += flows[index]
            place += width if south else -width
