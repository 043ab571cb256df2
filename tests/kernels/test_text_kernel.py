"""The text parser against a reference that reads lines with `str.split` and `Decimal`."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest

from eventvision.core import EVENT_DTYPE
from eventvision.kernels import text as kernel

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
ROLES = np.array([kernel.TIME, kernel.X, kernel.Y, kernel.POLARITY])
TOKENS = (
    "0", "1", "-1", "7", "345", "65534", "65535", "99999999", "-3", "1.5", "2.4999", "0.000123",
    "13.582595999", "1.25e2", "1E-3", "5e-7", "+4", "1e99", "12345678901234567890.5", ".5", "5.",
    "true", "FALSE", "t", "f", "tru", "x", "1x", "e5", "1e", "1e+", "--1", "1-", ".", "", "\xff",
)  # fmt: skip


def decimal(token, power, limit):
    """Nearest whole number to token * 10^power, half away from zero, within +-limit."""
    if NUMBER.fullmatch(token) is None:
        return None
    value = Decimal(token).scaleb(power)
    magnitude = min(abs(value), Decimal(limit)).to_integral_value(ROUND_HALF_UP)
    return int(magnitude.copy_sign(value))


def reference_line(line, power):
    """The event of a line, None if it is bad."""
    tokens = re.split(r"[ \t\r]*[,;][ \t\r]*|[ \t\r]+", line.strip(" \t\r"))
    if len(tokens) == 5 and tokens[4] == "" and re.search(r"[,;]$", line.rstrip()):
        tokens.pop()
    if len(tokens) != 4:
        return None
    t = decimal(tokens[0], power, 2**62)
    pixels = [decimal(token, 0, 2**62) for token in tokens[1:3]]
    words = {"true": 1, "t": 1, "false": 0, "f": 0}
    polarity = words.get(tokens[3].lower(), decimal(tokens[3], 0, 2**62))
    if None in (t, polarity, *pixels) or abs(polarity) > 1:
        return None
    x, y = (value if 0 <= value < kernel.OUTSIDE else kernel.OUTSIDE for value in pixels)
    return t, x, y, polarity > 0


def reference(text, power):
    """Events, and start, end and number of lines of each run of bad lines."""
    events, bad, at, in_run = [], [], 0, False
    for line in text.split("\n")[:-1]:
        start, at = at, at + len(line) + 1
        plain = line.strip(" \t\r")
        if plain == "" or plain[0] in "#%":
            continue
        event = reference_line(line, power)
        if event is not None:
            events.append(event)
        elif in_run:
            bad[-1][1:] = [at, bad[-1][2] + 1]
        else:
            bad.append([start, at, 1])
        in_run = event is None
    return events, bad


def parsed(text, power, *, most_events=10_000, most_bad=10_000, roles=ROLES):
    """The same from the kernel, in as many calls as its room demands."""
    data = np.frombuffer(text.encode("latin-1"), np.uint8)
    events = np.empty(most_events, EVENT_DTYPE)
    bad, result = np.empty((most_bad, 3), np.int64), np.empty(3, np.int64)
    all_events, all_bad, at = [], [], 0
    while at < data.size:
        kernel.parse_events(data[at:], roles, power, events, bad, result)
        consumed, found, runs = result.tolist()
        assert consumed > 0
        all_events += events[:found].tolist()
        all_bad += [[at + start, at + stop, lines] for start, stop, lines in bad[:runs].tolist()]
        at += consumed
    return all_events, all_bad


def random_text(seed, lines=400):
    random = np.random.default_rng(seed)
    separators = (" ", "  ", ",", "\t", " , ", ";", ", ")
    out = []
    for _ in range(lines):
        columns = random.choice((4, 4, 4, 4, 4, 4, 3, 5))
        likely = random.random() < 0.7
        tokens = [TOKENS[random.integers(15 if likely else len(TOKENS))] for _ in range(columns)]
        line = tokens[0] + "".join(random.choice(separators) + token for token in tokens[1:])
        out.append(random.choice(("", "", "", "  ", "#")) + line + random.choice(("", "\r", ",")))
    return "\n".join([*out, "", "1 2 3 1", ""])


@pytest.mark.parametrize("power", [6, 3, 0, -3])
@pytest.mark.parametrize("seed", range(5))
def test_lines_are_read_as_the_reference_reads_them(seed, power):
    text = random_text(seed)
    expected, bad = reference(text, power)
    assert 20 < len(expected) < 400
    assert parsed(text, power) == (expected, bad)


@pytest.mark.parametrize(("most_events", "most_bad"), [(1, 1), (3, 100), (100, 2)])
def test_little_room_changes_only_the_number_of_calls(most_events, most_bad):
    text = random_text(9)
    events, bad = parsed(text, 6, most_events=most_events, most_bad=most_bad)
    expected, expected_bad = reference(text, 6)
    assert events == expected
    assert sum(lines for _, _, lines in bad) == sum(lines for _, _, lines in expected_bad)


def test_columns_may_come_in_any_order_and_be_skipped():
    roles = np.array([kernel.SKIP, kernel.POLARITY, kernel.Y, kernel.X, kernel.SKIP, kernel.TIME])
    events, bad = parsed("a,1,2,3,,4\n", 0, roles=roles)
    assert (events, bad) == ([(4, 3, 2, True)], [])


def test_the_plain_function_agrees_with_the_compiled_one():
    text = random_text(3, lines=30)
    data = np.frombuffer(text.encode("latin-1"), np.uint8)
    outcomes = []
    for parse in (kernel.parse_events, kernel.parse_events.py_func):
        events, bad = np.zeros(100, EVENT_DTYPE), np.zeros((100, 3), np.int64)
        result = np.empty(3, np.int64)
        parse(data, ROLES, 6, events, bad, result)
        outcomes.append((events[: result[1]].tolist(), bad[: result[2]].tolist(), result.tolist()))
    assert outcomes[0] == outcomes[1]
