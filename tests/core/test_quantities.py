from __future__ import annotations

import pytest

from eventvision.core import parse_count, parse_duration_us


@pytest.mark.parametrize(
    ("text", "duration_us"),
    [("10ms", 10_000), ("500us", 500), ("500 µs", 500), ("0.5s", 500_000), ("2s", 2_000_000)],
)
def test_durations_are_read_with_their_unit(text, duration_us):
    assert parse_duration_us(text) == duration_us


@pytest.mark.parametrize("text", ["10", "ms", "-1ms", "0us", "0.1us", "1 h", "nan s", ""])
def test_durations_without_number_unit_or_length_are_refused(text):
    with pytest.raises(ValueError, match="a duration looks like"):
        parse_duration_us(text)


@pytest.mark.parametrize(
    ("text", "count"), [("20000", 20_000), ("20k", 20_000), ("1.5M", 1_500_000)]
)
def test_counts_may_carry_k_and_m(text, count):
    assert parse_count(text) == count


@pytest.mark.parametrize("text", ["0", "-5", "1.5", "k", "1e6", ""])
def test_counts_that_are_not_positive_whole_numbers_are_refused(text):
    with pytest.raises(ValueError, match="a count looks like"):
        parse_count(text)
