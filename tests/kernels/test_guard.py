"""The guard's kernels against a slow, plain statement of the same rules."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.kernels import guard as rules

WIDTH, HEIGHT = 20, 10


class PlainGuard:
    """The rules of `StreamGuard`, one event at a time, on lists."""

    def __init__(self):
        self.last = None
        self.shift = 0
        self.held = []
        self.above = False
        self.peak = None
        self.counts = [0] * rules.COUNTS

    def _drop(self):
        self.counts[rules.AHEAD if self.above else rules.BACKWARDS] += len(self.held)
        self.held = []

    def _moved(self, by):
        self.counts[rules.MOVED] += 1
        self.counts[rules.MOST_MOVED_US] = max(by, self.counts[rules.MOST_MOVED_US])

    def _accept(self):
        out = []
        for t, place in self.held:
            gap = t - self.last
            late = gap < 0 and bool(out)
            if late:
                self._moved(-gap)
            elif gap < 0 or gap > rules.LONGEST_GAP_US:
                self.shift += 1 - gap
                self.counts[rules.JUMPS] += 1
                largest = self.counts[rules.LARGEST_JUMP_US]
                self.counts[rules.LARGEST_JUMP_US] = max(abs(gap), largest)
            self.last = self.last if late else t
            out.append((self.last + self.shift, place))
        self.held = []
        return out

    def push(self, t, place):
        x, y = place & 0xFFFF, (place >> 16) & 0xFFFF
        if x >= WIDTH or y >= HEIGHT:
            self.counts[rules.OUTSIDE] += 1
            return []
        if t < 0:
            self.counts[rules.NEGATIVE] += 1
            return []
        if t > rules.LATEST_US:
            self.counts[rules.AHEAD] += 1
            return []
        if self.last is None:
            self.last = t
        before = self._settle_peak(t)
        ahead = t - self.last
        if -rules.JITTER_US <= ahead <= rules.DOUBT_US:
            self._drop()
            if ahead > rules.JITTER_US:
                self.peak = (t, place)
                return before
            if ahead < 0:
                self._moved(-ahead)
            self.last = max(t, self.last)
            return [*before, (self.last + self.shift, place)]
        above = ahead > 0
        if self.held and (above != self.above or t < self.held[-1][0] - rules.JITTER_US):
            self._drop()
        self.above = above
        self.held.append((t, place))
        return [*before, *(self._accept() if len(self.held) == rules.RUN_EVENTS else [])]

    def _settle_peak(self, t):
        """An event that steps ahead passes unless the next one goes on from the one before."""
        peak, self.peak = self.peak, None
        if peak is None:
            return []
        if self.last - rules.JITTER_US <= t < peak[0] - rules.JITTER_US:
            self.counts[rules.AHEAD] += 1
            return []
        self.last = peak[0]
        return [(peak[0] + self.shift, peak[1])]

    def flush(self):
        before = self._settle_peak(self.peak[0]) if self.peak else []
        if self.above:
            return [*before, *self._accept()]
        self._drop()
        return before


def broken_stream(seed, count=3000):
    """Times that mostly advance, with every kind of damage sprinkled in."""
    random = np.random.default_rng(seed)
    steps = random.integers(0, 40, count)
    for size in (500, 2_000, 700_000, 2_000_000, 5_000_000_000):
        at = random.integers(0, count, 4)
        steps[at] += random.choice((-1, 1), 4) * size
    t = 10_000_000 + np.cumsum(steps)
    outliers = random.integers(0, count, 20)
    t[outliers] += random.choice((-1, 1), 20) * random.integers(1, 1 << 40, 20)
    t[random.integers(0, count, 3)] = np.iinfo(np.int64).max
    x = random.integers(0, WIDTH + (random.random(count) < 0.01) * 100)
    y = random.integers(0, HEIGHT + (random.random(count) < 0.01) * 100)
    return np.stack([t, x | (y << 16) | (random.integers(0, 2, count) << 32)], axis=1)


@pytest.mark.parametrize("seed", range(12))
def test_mending_follows_the_plain_rules(seed):
    words = broken_stream(seed)
    plain = PlainGuard()
    expected = [kept for t, place in words.tolist() for kept in plain.push(t, place)]
    expected += plain.flush()

    state = np.zeros(rules.STATE_WORDS, np.int64)
    held = np.zeros((rules.RUN_EVENTS, 2), np.int64)
    counts = np.zeros(rules.COUNTS, np.int64)
    out = np.empty((len(words) + rules.RUN_EVENTS + 1, 2), np.int64)
    kept = rules.mend(words, out, held, state, counts, WIDTH, HEIGHT)
    rest = np.empty((rules.RUN_EVENTS, 2), np.int64)
    settled = rules.settle(rest, held, state, counts)

    assert [*out[:kept].tolist(), *rest[:settled].tolist()] == [list(pair) for pair in expected]
    assert counts.tolist() == plain.counts
    assert state[rules.SHIFT] == plain.shift
    assert np.all(np.diff(out[:kept, 0]) >= 0)


CLEAN = [(5, 0, 0), (5, WIDTH - 1, HEIGHT - 1), (9, 3, 3), (9 + rules.DOUBT_US, 0, 1)]
FAULTS = {
    "earlier": (2, (4, 3, 3)),
    "far ahead": (3, (10 + rules.DOUBT_US, 0, 0)),
    "negative at the start": (0, (-1, 0, 0)),
    "negative later": (2, (-1, 0, 0)),
    "right of the sensor": (1, (5, WIDTH, 0)),
    "below the sensor": (1, (5, 0, HEIGHT)),
    "largest column": (3, (10, 0xFFFF, 0)),
    "beyond all clocks": (3, (rules.LATEST_US + 1, 0, 0)),
    "smallest time": (3, (np.iinfo(np.int64).min, 0, 0)),
}


def as_words(events):
    return np.array([(t, x | (y << 16) | (1 << 32)) for t, x, y in events], np.int64)


@pytest.mark.parametrize("repeat", [1, 50])
def test_a_clean_stream_is_found_clean(repeat):
    events = [event for event in CLEAN for _ in range(repeat)]
    assert rules.is_clean(as_words(events), 5, WIDTH, HEIGHT)


@pytest.mark.parametrize("repeat", [1, 50])
@pytest.mark.parametrize(("at", "event"), FAULTS.values(), ids=FAULTS)
def test_every_fault_is_found(at, event, repeat):
    events = [event for event in CLEAN for _ in range(repeat)]
    events[at * repeat] = event
    assert not rules.is_clean(as_words(events), max(0, events[0][0]), WIDTH, HEIGHT)


def test_a_first_event_before_the_last_of_the_stream_is_found():
    assert not rules.is_clean(as_words(CLEAN), 6, WIDTH, HEIGHT)
