from __future__ import annotations

import numpy as np
import pytest
from streams import SENSOR, MemorySource, cut_at, random_events

from eventvision.core import Events, Packet
from eventvision.io import clip


class Unseekable(MemorySource):
    def seek(self, t_us: int) -> None:
        raise AssertionError("a live source must not be sought")


@pytest.mark.parametrize(("start_s", "end_s"), [(0.0, 0.02), (0.01, 0.03), (0.01, None)])
def test_a_live_source_is_clipped_as_it_comes(start_s, end_s):
    events = random_events(2000)
    source = Unseekable(cut_at(events, range(50, 2000, 50)), is_live=True)
    seen = np.concatenate([p.events.t for p in clip(source, start_s=start_s, end_s=end_s)])
    t = events.t - events.t[0]
    expected = t[(t >= start_s * 1e6) & (t < (end_s or 1e9) * 1e6)]
    assert np.array_equal(seen - events.t[0], expected)


def test_a_live_clip_ends_in_silence_when_the_source_promises_that_its_time_is_over():
    first = Packet(Events.from_columns([100], [1], [1], [1], sensor=SENSOR))
    silence = [Packet(Events.empty(SENSOR), until_us=t) for t in (5_000, 10_100, 20_000)]
    source = Unseekable([first, *silence], is_live=True)
    clipped = list(clip(source, end_s=0.01))
    assert [packet.until_us for packet in clipped] == [None, 5_000, 10_100]
