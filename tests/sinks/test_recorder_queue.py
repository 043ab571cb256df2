"""What waits to be written is handed out in order and in pieces, however much there is."""

from __future__ import annotations

import numpy as np

from eventvision.core import EVENT_DTYPE, Events, Packet, SensorSize
from eventvision.sinks._recorder_queue import PacketQueue, bytes_of

SENSOR = SensorSize(8, 8)


def packet(t_us: int) -> Packet:
    data = np.zeros(100, EVENT_DTYPE)
    data["t"] = t_us
    return Packet(Events(data, SENSOR))


def test_a_whole_pre_roll_is_handed_out_in_pieces_and_in_order():
    queue = PacketQueue(10_000, "drop")
    for t_us in range(50):
        queue.put(packet(t_us), always=True)
    queue.close()
    taken, pieces = [], []
    while (packets := queue.take(0.0, 4_000)) is not None:
        pieces.append(sum(map(bytes_of, packets)))
        taken += [int(one.events.t[0]) for one in packets]
    assert taken == list(range(50))
    assert queue.dropped == 0
    assert max(pieces) < 4_000 + bytes_of(packet(0))


def test_there_is_room_again_for_as_much_as_was_taken():
    queue, size = PacketQueue(10_000, "drop"), bytes_of(packet(0))
    for t_us in range(10_000 // size):
        queue.put(packet(t_us))
    queue.put(packet(90))
    assert queue.dropped == 100
    assert queue.take(0.0, 1) is not None
    queue.put(packet(91))
    assert queue.dropped == 100
