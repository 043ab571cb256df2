"""Order of datagrams: what is lost, late, repeated, and when a sender begins anew."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventvision.core import EVENT_DTYPE, DamageReport
from eventvision.io._network.order import Datagram, NumberOrder, TimeOrder


def datagram(number, t_us=None):
    """Three events, 10 us apart, from `t_us` or 1000 times the number on."""
    events = np.zeros(3, EVENT_DTYPE)
    events["t"] = (1000 * number if t_us is None else t_us) + np.array([0, 10, 20])
    return Datagram(events, number % (1 << 32), 0)


def numbers(datagrams):
    return [one.number for one in datagrams]


def delivered(order, *batches):
    return [one.number for batch in batches for one in order.arrange(map(datagram, batch))]


NUMBERED = [
    ("in order", [[0, 1], [2]], [0, 1, 2], 0, 0, {}),
    ("begins anywhere", [[70, 71]], [70, 71], 0, 0, {}),
    ("lost", [[0, 1], [4, 5]], [0, 1, 4, 5], 2, 0, {"lost-datagrams": 1}),
    ("overtaken while waiting", [[0, 2, 1, 3]], [0, 1, 2, 3], 0, 1, {}),
    ("late", [[0, 2], [1, 3]], [0, 2, 3], 0, 1, {"lost-datagrams": 1, "late-datagram": 1}),
    ("repeated while waiting", [[0, 1, 1]], [0, 1], 0, 0, {"repeated-datagram": 1}),
    ("repeated later", [[0, 1], [1, 2]], [0, 1, 2], 0, 0, {"repeated-datagram": 1}),
    ("begun anew", [[9000, 9001], [0, 1]], [9000, 9001, 0, 1], 0, 0, {"sender-restart": 1}),
    ("begun anew while waiting", [[9000, 0]], [9000, 0], 0, 0, {"sender-restart": 1}),
    ("far ahead", [[0], [10**6, 10**6 + 1]], [0, 10**6, 10**6 + 1], 0, 0, {"sender-restart": 1}),
    ("wrapped", [[2**32 - 1, 2**32]], [2**32 - 1, 0], 0, 0, {}),
    ("lost at the wrap", [[2**32 - 1], [2**32 + 1]], [2**32 - 1, 1], 1, 0, {"lost-datagrams": 1}),
]


@pytest.mark.parametrize(
    ("batches", "expected", "lost", "reordered", "kinds"),
    [case[1:] for case in NUMBERED],
    ids=[case[0] for case in NUMBERED],
)
def test_numbered_datagrams(batches, expected, lost, reordered, kinds):
    damage = DamageReport()
    order = NumberOrder(damage)
    assert delivered(order, *batches) == expected
    assert (order.lost, order.reordered, damage.kinds) == (lost, reordered, kinds)


TIMED = [
    ("in order", [[0, 1], [2]], [0, 1, 2], 0, {}),
    ("a gap is no loss that can be known", [[0, 5]], [0, 5], 0, {}),
    ("overtaken while waiting", [[0, 20, 10, 30]], [0, 10, 20, 30], 1, {}),
    ("late", [[0, 20], [10, 30]], [0, 20, 30], 1, {"late-datagram": 1}),
    ("begun anew", [[5000, 5001], [0, 1]], [5000, 5001, 0, 1], 0, {}),
    ("begun anew while waiting", [[5000, 0, 1]], [5000, 0, 1], 0, {}),
]


@pytest.mark.parametrize(
    ("batches", "expected", "reordered", "kinds"),
    [case[1:] for case in TIMED],
    ids=[case[0] for case in TIMED],
)
def test_datagrams_that_only_have_times(batches, expected, reordered, kinds):
    damage = DamageReport()
    order = TimeOrder(damage)
    assert delivered(order, *batches) == expected
    assert (order.lost, order.reordered, damage.kinds) == (0, reordered, kinds)


def test_a_clock_that_jitters_a_little_is_in_order():
    order = TimeOrder(DamageReport())
    found = order.arrange([datagram(0, 5000), datagram(1, 4500)])
    assert numbers(found) == [0, 1] or numbers(found) == [1, 0]
    assert numbers(order.arrange([datagram(2, 4600)])) == [2]
    assert order.reordered == 0


@given(st.permutations(range(20)))
@settings(max_examples=100, deadline=None)
def test_any_order_of_waiting_datagrams_is_mended(permutation):
    first = datagram(100)
    batch = [datagram(101 + one) for one in permutation]
    for order in (NumberOrder(DamageReport()), TimeOrder(DamageReport())):
        assert numbers(order.arrange([first, *batch])) == list(range(100, 121))
        assert order.lost == 0


@given(st.lists(st.lists(st.integers(0, 60), max_size=20), max_size=20))
@settings(max_examples=200, deadline=None)
def test_nothing_is_delivered_twice_or_backwards_and_the_count_is_exact(batches):
    order = NumberOrder(DamageReport())
    found = delivered(order, *batches)
    assert found == sorted(set(found))
    seen = {number for batch in batches for number in batch}
    if found:
        assert order.lost == sum(number not in seen for number in range(found[0], found[-1]))
