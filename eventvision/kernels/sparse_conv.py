"""Convolution that visits only spikes.

Spiking layers are mostly silent. Instead of multiplying whole tiles, each pixel looks at its window
sixteen words of four bytes at a time, and puts those that hold anything into a list, without a
branch that could be guessed wrong. Then it multiplies what is in the list. Weights lie as for the
dense tiles, and sums are the same numbers, so either way can be taken for each row, whichever is
quicker for what the row holds.
"""

from __future__ import annotations

from ._jit import inline
from .lanes import (
    Lanes,
    add,
    count_bits,
    counting,
    dot,
    load_i32,
    load_word,
    repeat_word,
    splat,
    store_chosen,
    store_i32,
    words_not_zero,
)

_WORDS = 16
_WORD_BYTES = 4
_VECTOR_BYTES = 64
_AT_ONCE = 4


@inline
def _active(address: int, word: int, words: int) -> int:
    """Return a bit for each word that is not zero, of at most 16 from `word` on."""
    bits = words_not_zero(address + _WORD_BYTES * word)
    left = words - word
    return bits if left >= _WORDS else bits & ((1 << left) - 1)


@inline
def active_words(address: int, words: int) -> int:
    """Count the words that are not zero; up to 64 bytes after the first are read regardless."""
    total = 0
    for word in range(0, words, _WORDS):
        total += count_bits(_active(address, word, words))
    return total


@inline
def list_active(start: int, runs: int, run_pitch: int, words: int, values: int, places: int) -> int:
    """List the words of a window that are not zero.

    Args:
        start: Address of the window.
        runs: Its rows.
        run_pitch: Bytes from one row to the next.
        words: Words in a row.
        values: Where the words go; room for all, and 20 more.
        places: Where their numbers go, counted along the rows; as much room.

    Returns:
        How many are listed: a multiple of 4, filled up with zeros.
    """
    count = 0
    for run in range(runs):
        address = start + run * run_pitch
        for word in range(0, words, _WORDS):
            bits = _active(address, word, words)
            end = _WORD_BYTES * count
            store_chosen(values + end, load_i32(address + _WORD_BYTES * word), bits)
            store_chosen(places + end, add(counting(), splat(run * words + word)), bits)
            count += count_bits(bits)
    store_i32(values + _WORD_BYTES * count, splat(0))
    store_i32(places + _WORD_BYTES * count, splat(0))
    return (count + _AT_ONCE - 1) // _AT_ONCE * _AT_ONCE


@inline
def sum_listed_1(count: int, values: int, places: int, weights: int, out: int) -> None:
    """Sum 16 channels over a list."""
    one, two, three, four = splat(0), splat(0), splat(0), splat(0)
    for entry in range(0, _WORD_BYTES * count, _WORD_BYTES * _AT_ONCE):
        value, place = values + entry, places + entry
        one = dot(one, repeat_word(value), _weights(weights, place, 1, 0))
        two = dot(two, repeat_word(value + 4), _weights(weights, place + 4, 1, 0))
        three = dot(three, repeat_word(value + 8), _weights(weights, place + 8, 1, 0))
        four = dot(four, repeat_word(value + 12), _weights(weights, place + 12, 1, 0))
    store_i32(out, add(add(one, two), add(three, four)))


@inline
def sum_listed_2(count: int, values: int, places: int, weights: int, out: int) -> None:
    """Sum 32 channels over a list."""
    low, high, other_low, other_high = splat(0), splat(0), splat(0), splat(0)
    for entry in range(0, _WORD_BYTES * count, _WORD_BYTES * _AT_ONCE // 2):
        value, place = values + entry, places + entry
        first, second = repeat_word(value), repeat_word(value + 4)
        low = dot(low, first, _weights(weights, place, 2, 0))
        high = dot(high, first, _weights(weights, place, 2, 1))
        other_low = dot(other_low, second, _weights(weights, place + 4, 2, 0))
        other_high = dot(other_high, second, _weights(weights, place + 4, 2, 1))
    store_i32(out, add(low, other_low))
    store_i32(out + _VECTOR_BYTES, add(high, other_high))


@inline
def sum_listed_4(count: int, values: int, places: int, weights: int, out: int) -> None:
    """Sum 64 channels over a list."""
    a, b, c, d = splat(0), splat(0), splat(0), splat(0)
    e, f, g, h = splat(0), splat(0), splat(0), splat(0)
    for entry in range(0, _WORD_BYTES * count, _WORD_BYTES * _AT_ONCE // 2):
        value, place = values + entry, places + entry
        first, second = repeat_word(value), repeat_word(value + 4)
        a = dot(a, first, _weights(weights, place, 4, 0))
        b = dot(b, first, _weights(weights, place, 4, 1))
        c = dot(c, first, _weights(weights, place, 4, 2))
        d = dot(d, first, _weights(weights, place, 4, 3))
        e = dot(e, second, _weights(weights, place + 4, 4, 0))
        f = dot(f, second, _weights(weights, place + 4, 4, 1))
        g = dot(g, second, _weights(weights, place + 4, 4, 2))
        h = dot(h, second, _weights(weights, place + 4, 4, 3))
    store_i32(out, add(a, e))
    store_i32(out + _VECTOR_BYTES, add(b, f))
    store_i32(out + 2 * _VECTOR_BYTES, add(c, g))
    store_i32(out + 3 * _VECTOR_BYTES, add(d, h))


@inline
def _weights(weights: int, place: int, vectors: int, number: int) -> Lanes:
    return load_i32(weights + (load_word(place) * vectors + number) * _VECTOR_BYTES)
