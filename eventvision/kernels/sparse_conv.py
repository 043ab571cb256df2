"""Convolution that visits only spikes.

Spiking layers are mostly silent. Instead of multiplying whole tiles, each pixel looks at its window
sixteen words of four bytes at a time, learns from one comparison which of them hold anything, and
visits these alone. Weights lie as for the dense tiles, and sums are the same numbers, so either way
can be taken for each row, whichever is quicker for what the row holds.
"""

from __future__ import annotations

from ._jit import inline
from .lanes import (
    Lanes,
    count_bits,
    dot,
    first_bit,
    load_i32,
    repeat_word,
    splat,
    store_i32,
    words_not_zero,
)

_WORDS = 16
_WORD_BYTES = 4
_VECTOR_BYTES = 64


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
def sparse_pixel_1(
    start: int, runs: int, run_pitch: int, words: int, weights: int, out: int
) -> None:
    """Sum one pixel's window for 16 channels."""
    total = splat(0)
    for run in range(runs):
        address = start + run * run_pitch
        for word in range(0, words, _WORDS):
            bits = _active(address, word, words)
            while bits != 0:
                place = word + first_bit(bits)
                bits &= bits - 1
                values = repeat_word(address + _WORD_BYTES * place)
                total = dot(total, values, _weights(weights, run * words + place, 1, 0))
    store_i32(out, total)


@inline
def sparse_pixel_2(
    start: int, runs: int, run_pitch: int, words: int, weights: int, out: int
) -> None:
    """Sum one pixel's window for 32 channels."""
    first, second = splat(0), splat(0)
    for run in range(runs):
        address = start + run * run_pitch
        for word in range(0, words, _WORDS):
            bits = _active(address, word, words)
            while bits != 0:
                place = word + first_bit(bits)
                bits &= bits - 1
                values = repeat_word(address + _WORD_BYTES * place)
                first = dot(first, values, _weights(weights, run * words + place, 2, 0))
                second = dot(second, values, _weights(weights, run * words + place, 2, 1))
    store_i32(out, first)
    store_i32(out + _VECTOR_BYTES, second)


@inline
def sparse_pixel_4(
    start: int, runs: int, run_pitch: int, words: int, weights: int, out: int
) -> None:
    """Sum one pixel's window for 64 channels."""
    first, second, third, fourth = splat(0), splat(0), splat(0), splat(0)
    for run in range(runs):
        address = start + run * run_pitch
        for word in range(0, words, _WORDS):
            bits = _active(address, word, words)
            while bits != 0:
                place = word + first_bit(bits)
                bits &= bits - 1
                values = repeat_word(address + _WORD_BYTES * place)
                first = dot(first, values, _weights(weights, run * words + place, 4, 0))
                second = dot(second, values, _weights(weights, run * words + place, 4, 1))
                third = dot(third, values, _weights(weights, run * words + place, 4, 2))
                fourth = dot(fourth, values, _weights(weights, run * words + place, 4, 3))
    store_i32(out, first)
    store_i32(out + _VECTOR_BYTES, second)
    store_i32(out + 2 * _VECTOR_BYTES, third)
    store_i32(out + 3 * _VECTOR_BYTES, fourth)


@inline
def _weights(weights: int, word: int, vectors: int, number: int) -> Lanes:
    return load_i32(weights + (word * vectors + number) * _VECTOR_BYTES)
