"""The EVT3 kernel against a decoder that goes word by word."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.kernels import evt3

Y, X, BASE_X, VECT_12, VECT_8, LOW, HIGH = 0, 2, 3, 4, 5, 6, 8
TRIGGER, OTHERS, CONTINUED_4, CONTINUED_12 = 10, 14, 7, 15


def word(kind, value):
    return (kind << 12) | (value & 0xFFF)


def plainly_decoded(words):
    """Events (t, x, y, on), triggers (t, source, rising) and counts, as the format says."""
    base, low, reference, carry = None, 0, 0, 0
    row = column = None
    on = 0
    events, triggers = [], []
    counts = dict.fromkeys(("orphans", "reserved", "system", "false"), 0)
    highs = [(at, w & 0xFFF) for at, w in enumerate(words) if w >> 12 == HIGH]
    next_high = dict(zip((at for at, _ in highs), [v for _, v in highs[1:]] + [None], strict=True))

    def emit(x):
        if base is None or row is None or x is None:
            counts["orphans"] += 1
        else:
            events.append((base + 4096 * carry + low, x, row, on_of_event))

    for at, w in enumerate(words):
        kind, value = w >> 12, w & 0xFFF
        if kind == Y:
            row = value & 0x7FF
        elif kind == X:
            on_of_event = value >> 11
            emit(value & 0x7FF)
        elif kind == BASE_X:
            column, on = value & 0x7FF, value >> 11
        elif kind in (VECT_12, VECT_8):
            on_of_event = on
            for bit in range(12 if kind == VECT_12 else 8):
                if value >> bit & 1:
                    emit(None if column is None else column + bit)
            if column is not None:
                column += 12 if kind == VECT_12 else 8
                column = None if column >= evt3.UNKNOWN_COLUMN else column
        elif kind == LOW:
            if reference - value > 2048:
                carry = 1
            elif value - reference > 2048:
                carry = 0
            low = reference = value
        elif kind == HIGH:
            carry = 0
            if base is None:
                base, reference = value << 12, 0
                continue
            old, after = base >> 12 & 0xFFF, next_high[at]
            if value == old:
                continue
            contradicted = after is not None and (after - old) % 4096 <= 1 < (after - value) % 4096
            if (value - old) % 4096 > 1 and contradicted:
                counts["false"] += 1
                continue
            base = ((base >> 24) + (value + 2048 <= old) << 24) + (value << 12)
            reference = 0
        elif kind == TRIGGER:
            if base is not None:
                triggers.append((base + 4096 * carry + low, value >> 8, value & 1))
        elif kind in (CONTINUED_4, OTHERS, CONTINUED_12):
            counts["system"] += 1
        else:
            counts["reserved"] += 1
    return events, triggers, counts


def decoded(words, *, most_events=64, stops=(), lead=0):
    """The same through the kernel, output after output, stopping at the words named."""
    data = np.zeros(lead + 2 * len(words), np.uint8)
    data[lead:] = np.asarray(words, "<u2").view(np.uint8)
    data.flags.writeable = False
    state, blocks = evt3.new_state(), evt3.new_blocks()
    events, triggers = np.zeros(2 * most_events, np.int64), np.zeros(2 * 8, np.int64)
    at, all_events, all_triggers = lead, [], []
    for stop in [*(lead + 2 * s for s in stops), data.size]:
        while at < stop:
            at = evt3.decode_evt3(data, at, stop, events, triggers, state, blocks)
            all_events += events[: 2 * state[evt3.EVENTS]].reshape(-1, 2).tolist()
            all_triggers += triggers[: 2 * state[evt3.TRIGGERS]].reshape(-1, 2).tolist()
    counts = {
        "orphans": state[evt3.ORPHANS],
        "reserved": state[evt3.RESERVED],
        "system": state[evt3.SYSTEM],
        "false": state[evt3.FALSE_TIMES],
    }
    return (
        [(t, p & 0xFFFF, (p >> 16) & 0xFFFF, p >> 32) for t, p in all_events],
        [(t, p & 0xFFFF, p >> 16) for t, p in all_triggers],
        counts,
    )


def sensor_like(seed, count):
    """Words as a camera sends them: time advances and wraps, every type occurs."""
    random = np.random.default_rng(seed)
    t, words = int(random.integers(0, 1 << 25)), []
    high = None
    while len(words) < count:
        t += int(
            random.choice([0, 1, 7, 300, 20_000, 900_000], p=[0.4, 0.3, 0.2, 0.08, 0.01, 0.01])
        )
        if t >> 12 != high or random.random() < 0.1:
            high = t >> 12
            words.append(word(HIGH, high))
        words.append(word(LOW, t))
        for _ in range(random.integers(0, 4)):
            words.append(word(Y, int(random.integers(0, 0x1000))))
            words += [word(X, int(v)) for v in random.integers(0, 0x1000, random.integers(0, 4))]
            if random.random() < 0.2:
                words.append(word(BASE_X, int(random.integers(0, 0x1000))))
                kinds = random.choice((VECT_12, VECT_8), random.integers(1, 5))
                words += [word(int(kind), int(random.integers(0, 0x1000))) for kind in kinds]
        if random.random() < 0.05:
            words.append(word(TRIGGER, int(random.integers(0, 0x1000))))
            words += [word(OTHERS, 0x14), word(CONTINUED_12, 7), word(CONTINUED_4, 1)]
    return words[:count]


def noise(seed, count):
    return np.random.default_rng(seed).integers(0, 1 << 16, count).tolist()


def flipped(seed, count):
    random = np.random.default_rng(seed)
    words = np.array(sensor_like(seed, count))
    words[random.integers(0, count, count // 50)] ^= 1 << random.integers(0, 16, count // 50)
    return words.tolist()


STREAMS = {
    "as a camera sends it": sensor_like,
    "with flipped bits": flipped,
    "noise": noise,
}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_the_kernel_decodes_as_the_format_says(stream, seed):
    words = stream(seed, 4_000)
    assert decoded(words) == plainly_decoded(words)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_decoding_does_not_depend_on_where_it_stops(stream, seed):
    words = stream(seed, 2_000)
    stops = np.sort(np.random.default_rng(seed).integers(0, 2_000, 300)).tolist()
    assert decoded(words, most_events=5_000, stops=stops) == plainly_decoded(words)


def test_words_may_begin_at_an_odd_byte():
    words = sensor_like(1, 500)
    assert decoded(words, lead=3) == plainly_decoded(words)


def at_time(t_us):
    return [word(HIGH, t_us >> 12), word(LOW, t_us)]


def times_of(words):
    return [t for t, _, _, _ in decoded(words)[0]]


EVENT = [word(Y, 5), word(X, 7)]


def test_time_goes_on_where_24_bits_wrap():
    first, second = (1 << 24) - 1, (1 << 24) + 3
    assert times_of([*at_time(first), *EVENT, *at_time(second), *EVENT]) == [first, second]


def test_time_low_wraps_before_a_late_time_high():
    words = [
        *at_time(4_095),
        *EVENT,
        word(LOW, 2),
        *EVENT,
        word(HIGH, 1),
        *EVENT,
        word(LOW, 3),
        *EVENT,
    ]
    assert times_of(words) == [4_095, 4_098, 4_098, 4_099]


def test_a_time_high_that_the_next_contradicts_is_ignored():
    words = [
        *at_time(4_096),
        *EVENT,
        word(HIGH, 0x801),
        *EVENT,
        word(HIGH, 2),
        word(LOW, 0),
        *EVENT,
    ]
    events, _, counts = decoded(words)
    assert [t for t, *_ in events] == [4_096, 4_096, 8_192]
    assert counts["false"] == 1


def test_a_jump_that_the_next_time_high_continues_is_believed():
    words = [*at_time(4_096), *EVENT, *at_time(0x900_000), *EVENT, *at_time(0x900_001), *EVENT]
    assert times_of(words) == [4_096, 0x900_000, 0x900_001]


def test_events_before_the_first_time_are_counted_not_decoded():
    words = [*EVENT, *EVENT, *at_time(10), word(X, 7)]
    events, _, counts = decoded(words)
    assert events == [(10, 7, 5, 0)]
    assert counts["orphans"] == 2


def test_vectors_carry_the_polarity_of_their_base():
    words = [*at_time(0), word(Y, 1), word(BASE_X, 0x800 | 100), word(VECT_12, 0b1000_0000_0001)]
    words += [word(VECT_8, 0b10), word(X, 3)]
    events = decoded(words)[0]
    assert events == [(0, 100, 1, 1), (0, 111, 1, 1), (0, 113, 1, 1), (0, 3, 1, 0)]


def test_endless_vectors_do_not_leave_the_coordinates():
    words = [*at_time(0), word(Y, 1), word(BASE_X, 0), *[word(VECT_12, 0xFFF)] * 6_000]
    events, _, counts = decoded(words)
    assert max(x for _, x, _, _ in events) < 1 << 16
    assert len(events) + counts["orphans"] == 12 * 6_000
