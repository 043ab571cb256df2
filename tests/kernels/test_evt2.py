"""The EVT2 and EVT2.1 kernel against a decoder that goes word by word."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.kernels import evt2

HEADS = {"EVT2": -1, "EVT2.1 legacy": 0, "EVT2.1": 1}
OFF, ON, HIGH, TRIGGER, OTHERS, CONTINUED = 0, 1, 8, 10, 14, 15
RANGE = 1 << 28


def plainly_decoded(words):
    """Events, triggers and counts of (word, valid) pairs, by the letter of the format."""
    base = None
    events, triggers = [], []
    counts = dict.fromkeys(("orphans", "reserved", "system", "false"), 0)
    highs = [(at, w % RANGE) for at, (w, _) in enumerate(words) if w >> 28 == HIGH]
    next_high = dict(zip((at for at, _ in highs), [v for _, v in highs[1:]] + [None], strict=True))
    for at, (w, valid) in enumerate(words):
        kind, low = w >> 28, w >> 22 & 0x3F
        if kind in (OFF, ON):
            for bit in range(32):
                if not valid >> bit & 1:
                    continue
                if base is None:
                    counts["orphans"] += 1
                else:
                    events.append((base + low, (w >> 11 & 0x7FF) + bit, w & 0x7FF, kind))
        elif kind == HIGH:
            value, after = w % RANGE, next_high[at]
            if base is None:
                base = value << 6
                continue
            old = (base >> 6) % RANGE
            far = (value - old) % RANGE > evt2.NEAR and after is not None
            if far and (after - old) % RANGE <= evt2.NEAR < (after - value) % RANGE:
                counts["false"] += 1
                continue
            base = ((base >> 34) + (value + RANGE // 2 <= old) << 34) + (value << 6)
        elif kind == TRIGGER:
            if base is not None:
                triggers.append((base + low, w >> 8 & 0x1F, w & 1))
        elif kind in (OTHERS, CONTINUED):
            counts["system"] += 1
        else:
            counts["reserved"] += 1
    return events, triggers, counts


def as_bytes(words, head):
    pairs = np.array(words, "<u4").reshape(-1, 2)
    if head < 0:
        pairs = pairs[:, :1]
    elif head == 1:
        pairs = pairs[:, ::-1]
    return np.ascontiguousarray(pairs).reshape(-1).view(np.uint8)


def decoded(words, head, *, most_events=100, stops=(), lead=0):
    data = np.concatenate([np.zeros(lead, np.uint8), as_bytes(words, head)])
    data.flags.writeable = False
    size = 4 if head < 0 else 8
    state = evt2.new_state()
    events, triggers = np.zeros(2 * most_events, np.int64), np.zeros(2 * 8, np.int64)
    at, all_events, all_triggers = lead, [], []
    for stop in [*(lead + size * s for s in stops), data.size]:
        while at < stop:
            at = evt2.decode_evt2(data, at, stop, events, triggers, state, head)
            all_events += events[: 2 * state[evt2.EVENTS]].reshape(-1, 2).tolist()
            all_triggers += triggers[: 2 * state[evt2.TRIGGERS]].reshape(-1, 2).tolist()
    counts = {
        "orphans": state[evt2.ORPHANS],
        "reserved": state[evt2.RESERVED],
        "system": state[evt2.SYSTEM],
        "false": state[evt2.FALSE_TIMES],
    }
    return (
        [(t, p & 0xFFFF, (p >> 16) & 0xFFFF, p >> 32) for t, p in all_events],
        [(t, p & 0xFFFF, p >> 16) for t, p in all_triggers],
        counts,
    )


def sensor_like(seed, count, head):
    random = np.random.default_rng(seed)
    t, words, high = (1 << 34) - 300, [], None
    while len(words) < count:
        t += int(random.choice([0, 1, 30, 5_000, 80_000_000], p=[0.5, 0.3, 0.18, 0.015, 0.005]))
        if t >> 6 != high or random.random() < 0.1:
            high = t >> 6
            words.append((HIGH << 28 | high % RANGE, 1))
        kind = int(
            random.choice(
                [OFF, ON, TRIGGER, OTHERS, CONTINUED, 5], p=[0.4, 0.4, 0.1, 0.04, 0.03, 0.03]
            )
        )
        valid = 1 if head < 0 else int(random.integers(0, 1 << 32) & random.integers(0, 1 << 32))
        words.append((kind << 28 | (t & 0x3F) << 22 | int(random.integers(0, 1 << 22)), valid))
    return words[:count]


def noise(seed, count, head):
    random = np.random.default_rng(seed)
    valid = [1] * count if head < 0 else random.integers(0, 1 << 32, count).tolist()
    return list(zip(random.integers(0, 1 << 32, count).tolist(), valid, strict=True))


def flipped(seed, count, head):
    random = np.random.default_rng(seed)
    words = sensor_like(seed, count, head)
    for at in random.integers(0, count, count // 40):
        words[at] = (words[at][0] ^ 1 << int(random.integers(0, 32)), words[at][1])
    return words


STREAMS = {
    "as a camera sends it": sensor_like,
    "with flipped bits": flipped,
    "noise": noise,
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_the_kernel_decodes_as_the_format_says(stream, head, seed):
    words = stream(seed, 2_000, head)
    assert decoded(words, head) == plainly_decoded(words)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_decoding_does_not_depend_on_where_it_stops(stream, head, seed):
    words = stream(seed, 1_000, head)
    stops = np.sort(np.random.default_rng(seed).integers(0, 1_000, 200)).tolist()
    assert decoded(words, head, stops=stops) == plainly_decoded(words)


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_words_may_begin_at_an_odd_byte(head):
    words = sensor_like(1, 500, head)
    assert decoded(words, head, lead=3) == plainly_decoded(words)


def at_time(t_us):
    return (HIGH << 28 | (t_us >> 6) % RANGE, 0)


def event(t_us, x=3, y=4, on=1, valid=1):
    return (on << 28 | (t_us & 0x3F) << 22 | x << 11 | y, valid)


def test_time_goes_on_where_34_bits_wrap():
    first, second = (1 << 34) - 1, (1 << 34) + 100
    words = [at_time(first), event(first), at_time(second), event(second)]
    assert [t for t, *_ in decoded(words, -1)[0]] == [first, second]


def test_a_time_high_that_the_next_contradicts_is_ignored():
    words = [at_time(6_400), event(0), at_time(1 << 30), event(1), at_time(6_464), event(2)]
    events, _, counts = decoded(words, -1)
    assert [t for t, *_ in events] == [6_400, 6_401, 6_466]
    assert counts["false"] == 1


def test_a_clock_reset_is_believed():
    words = [at_time(1 << 30), event(0), at_time(64), event(1), at_time(128), event(2)]
    assert [t for t, *_ in decoded(words, -1)[0]] == [1 << 30, 65, 130]


@pytest.mark.parametrize("head", [0, 1])
def test_a_vector_has_one_event_per_valid_bit(head):
    words = [at_time(0), event(9, x=100, y=7, on=0, valid=1 << 31 | 0b101)]
    assert decoded(words, head)[0] == [(9, 100, 7, 0), (9, 102, 7, 0), (9, 131, 7, 0)]
