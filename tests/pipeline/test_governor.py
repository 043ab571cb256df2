"""Under load, tasks run on fewer slices, in a declared order, and come back when there is room."""

from __future__ import annotations

import pytest

from eventvision.pipeline import GIVE_UP_ORDER, Governor

TASKS = ("detection", "tracking", "segmentation", "depth", "reconstruction")
SLICE_NS = 40_000_000
WINDOW = 13
"""Slices that fill a window of half a second."""


class Clock:
    """Lets a governor see slices that keep the thread busy for a share of their time."""

    def __init__(self, tasks=TASKS):
        self.notices = []
        self.governor = Governor(tasks, self.notices.append)
        self._tasks = tasks
        self._now_ns = 0

    def play(self, slices, busy):
        """Return, for each task, on which of the slices it was due."""
        due = {task: [] for task in self._tasks}
        for _ in range(slices):
            for task, slices_due in due.items():
                slices_due.append(self.governor.is_due(task))
            began_ns = self._now_ns + round(SLICE_NS * (1 - busy))
            self._now_ns += SLICE_NS
            self.governor.end_slice(began_ns, self._now_ns)
        return due


def test_with_room_every_task_runs_on_every_slice():
    clock = Clock()
    assert all(all(due) for due in clock.play(200, busy=0.8).values())
    assert not clock.notices


def test_under_load_tasks_give_way_in_the_declared_order():
    clock = Clock()
    clock.play(4 * WINDOW, busy=0.95)
    assert [notice.split()[1] for notice in clock.notices] == list(GIVE_UP_ORDER)


def test_load_that_stays_leaves_every_eighth_slice():
    clock = Clock()
    clock.play(30 * WINDOW, busy=1.0)
    due = clock.play(64, busy=1.0)
    assert {task: sum(due[task]) for task in TASKS} == {
        "detection": 8, "tracking": 64, "segmentation": 8, "depth": 8, "reconstruction": 8,
    }  # fmt: skip
    assert "reconstruction runs on every 8th slice now" in "\n".join(clock.notices)


def test_tasks_that_gave_way_run_on_the_same_slices():
    clock = Clock()
    clock.play(6 * WINDOW, busy=1.0)
    due = clock.play(32, busy=0.7)
    fewest, next_ = due["depth"], due["reconstruction"]
    assert all(many for few, many in zip(fewest, next_, strict=True) if few)
    assert sum(fewest) < sum(next_)


def test_rates_come_back_one_by_one_when_there_is_room():
    clock = Clock()
    clock.play(4 * WINDOW, busy=1.0)
    clock.play(60 * WINDOW, busy=0.2)
    assert clock.notices[4:] == [
        f"load: {task} runs on every slice now" for task in reversed(GIVE_UP_ORDER)
    ]
    assert all(all(due) for due in clock.play(16, busy=0.2).values())


def test_all_rates_are_back_within_five_seconds_after_a_long_overload():
    clock = Clock()
    clock.play(120 * WINDOW, busy=1.0)
    for _ in range(10):  # half seconds: work goes with the shares of the tasks that run
        shares = clock.governor.present_shares()
        clock.play(WINDOW, busy=0.8 * sum(shares.values()) / len(TASKS))
    assert set(clock.governor.present_shares().values()) == {1.0}


def test_no_step_back_goes_farther_than_the_load_allows():
    clock = Clock()
    clock.play(20 * WINDOW, busy=1.0)
    seen = []
    for _ in range(40):
        shares = clock.governor.present_shares()
        busy = 1.4 * sum(shares[task] for task in GIVE_UP_ORDER) / len(GIVE_UP_ORDER)
        seen.append(busy)
        clock.play(WINDOW, busy=min(busy, 1.0))
    assert max(seen) < 1.0
    assert seen[-1] > 0.55


def test_a_step_back_that_proves_wrong_is_undone():
    clock = Clock()
    clock.play(4 * WINDOW, busy=1.0)
    before = clock.governor.present_shares()
    while clock.governor.present_shares() == before:
        clock.play(WINDOW, busy=0.5)
    clock.play(WINDOW, busy=1.0)
    assert clock.governor.present_shares() == before


def test_a_rate_that_could_not_be_kept_is_tried_again_later_and_later():
    clock = Clock(["depth"])
    clock.play(WINDOW, busy=1.0)
    for _ in range(120):
        clock.play(WINDOW, busy=1.0 if "every slice" in clock.notices[-1] else 0.2)
    tries = sum("every slice" in notice for notice in clock.notices)
    assert 2 <= tries <= 6


def test_tasks_outside_the_order_always_run():
    clock = Clock(["tracking"])
    clock.play(20 * WINDOW, busy=1.0)
    assert not clock.notices
    assert clock.governor.is_due("tracking")


@pytest.mark.parametrize("count", [0, 3])
def test_shares_say_how_often_a_task_gave_a_result(count):
    governor = Governor(["depth"])
    for slice_ in range(4):
        if slice_ < count:
            governor.ran("depth")
        governor.end_slice(0, 1)
    assert governor.shares() == {"depth": count / 4}
