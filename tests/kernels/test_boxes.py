"""Which boxes are united, and into what."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.kernels.boxes import unite

BOTH, ON, OFF = 0.0, 1.0, -1.0


def united(*boxes: tuple[float, float, float, float, float], gap: float = 4.0) -> list[list[float]]:
    """Unite boxes given by corners and balance; each has charge 10 and 3 cells."""
    corners = np.array([box[:4] for box in boxes], float).reshape(-1, 4)
    figures = np.array([[10.0, 10.0 * box[4], 3.0] for box in boxes]).reshape(-1, 3)
    count = unite(corners, figures, gap)
    assert figures[:count, 0].sum() == pytest.approx(10.0 * len(boxes))
    assert figures[:count, 2].sum() == pytest.approx(3.0 * len(boxes))
    return corners[:count].tolist()


@pytest.mark.parametrize(
    ("boxes", "expected"),
    [
        ([], []),
        ([(0, 0, 9, 9, BOTH)], [[0, 0, 9, 9]]),
        ([(0, 0, 9, 9, BOTH), (20, 0, 29, 9, BOTH)], [[0, 0, 9, 9], [20, 0, 29, 9]]),
        ([(0, 0, 9, 9, BOTH), (5, 5, 12, 20, BOTH)], [[0, 0, 12, 20]]),
        ([(0, 0, 40, 40, BOTH), (10, 10, 12, 12, BOTH)], [[0, 0, 40, 40]]),
        ([(0, 0, 9, 9, BOTH), (12, 0, 20, 9, BOTH)], [[0, 0, 20, 9]]),
        ([(0, 0, 9, 9, BOTH), (13, 0, 20, 9, BOTH)], [[0, 0, 9, 9], [13, 0, 20, 9]]),
        ([(0, 0, 9, 9, BOTH), (12, 40, 20, 49, BOTH)], [[0, 0, 9, 9], [12, 40, 20, 49]]),
    ],
    ids=["none", "one", "apart", "overlap", "nested", "near", "not near", "near across only"],
)
def test_boxes_that_overlap_or_nearly_touch_are_united(boxes, expected):
    assert united(*boxes) == expected


def test_a_chain_of_near_boxes_becomes_one_whatever_its_order():
    chain = [(10.0 * i, 0, 10.0 * i + 8, 9, BOTH) for i in range(12)]
    shuffled = [chain[i] for i in np.random.default_rng(0).permutation(12)]
    assert united(*chain) == united(*shuffled) == [[0, 0, 118, 9]]


@pytest.mark.parametrize(
    ("front", "is_one"),
    [
        ((30, 0, 35, 30, ON), True),
        ((30, 0, 35, 30, OFF), False),
        ((30, 0, 35, 30, BOTH), False),
        ((60, 0, 65, 30, ON), False),
        ((30, 20, 35, 50, ON), False),
        ((30, 0, 70, 30, ON), False),
        ((30, 5, 35, 28, ON), True),
    ],
    ids=["facing", "same polarity", "mixed", "too far", "askew", "too thick", "shorter"],
)
def test_thin_boxes_of_opposite_polarity_that_face_each_other_are_edges_of_one(front, is_one):
    back = (0, 0, 5, 30, OFF)
    assert (len(united(back, front)) == 1) == is_one
    upright = [(box[1], box[0], box[3], box[2], box[4]) for box in (back, front)]
    assert (len(united(*upright)) == 1) == is_one


def test_edges_are_united_with_the_nearest_that_fits():
    first, second, third = (0, 0, 5, 30, OFF), (30, 0, 35, 30, ON), (50, 0, 55, 30, OFF)
    assert united(first, second, third) == [[0, 0, 5, 30], [30, 0, 55, 30]]


def test_what_lies_between_two_edges_joins_them():
    edges = [(0, 0, 5, 30, OFF), (30, 0, 35, 30, ON)]
    assert united(*edges, (12, 12, 22, 20, BOTH)) == [[0, 0, 35, 30]]
