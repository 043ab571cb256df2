from __future__ import annotations

import threading

import pytest

from eventvision.pipeline._handover import HandOver, HandOverAborted


def test_items_arrive_in_order_and_iteration_ends_at_close():
    queue = HandOver[int](2)

    def produce() -> None:
        for item in range(1000):
            queue.put(item)
        queue.close()

    producer = threading.Thread(target=produce)
    producer.start()
    assert list(queue) == list(range(1000))
    producer.join()
    assert queue.dropped == 0


def test_latest_drops_the_oldest_and_counts_it():
    queue = HandOver[int](3, "latest")
    for item in range(10):
        queue.put(item)
    queue.close()
    assert list(queue) == [7, 8, 9]
    assert queue.dropped == 7


def test_a_blocked_producer_is_woken_when_the_consumer_gives_up():
    queue = HandOver[int](1)
    queue.put(0)
    outcome: list[str] = []

    def produce() -> None:
        try:
            queue.put(1)
        except HandOverAborted:
            outcome.append("aborted")

    producer = threading.Thread(target=produce)
    producer.start()
    queue.abort()
    producer.join(timeout=120)
    assert outcome == ["aborted"]


def test_a_waiting_consumer_is_woken_by_abort():
    queue = HandOver[int](1)
    taken: list[list[int]] = []
    consumer = threading.Thread(target=lambda: taken.append(list(queue)))
    consumer.start()
    queue.abort()
    consumer.join(timeout=120)
    assert taken == [[]]


def test_block_never_holds_more_than_its_size():
    queue = HandOver[int](4)
    for item in range(4):
        queue.put(item)
    late = threading.Thread(target=queue.put, args=(4,), daemon=True)
    late.start()
    late.join(timeout=0.05)
    assert late.is_alive()
    assert next(iter(queue)) == 0
    late.join(timeout=120)
    assert not late.is_alive()


@pytest.mark.parametrize("policy", ["block", "latest"])
def test_put_after_abort_is_refused(policy):
    queue = HandOver[int](4, policy)
    queue.abort()
    with pytest.raises(HandOverAborted):
        queue.put(1)
