"""Spikes kept as bits: what a convolution saves of a binary input takes 1/32 of its size."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

_LEAST_ELEMENTS = 1024


class _Bits(NamedTuple):
    """A binary tensor as bits, eight to a byte, and what it was."""

    packed: Tensor
    shape: torch.Size
    dtype: torch.dtype


@contextmanager
def packed_spikes() -> Iterator[None]:
    """Keep binary tensors as bits where the graph saves them; gradients stay exactly the same.

    Wrap the forward pass in it. Every floating tensor that is saved for the way back is looked
    at; those of zeros and ones only are packed, the others kept as they are.

    >>> import torch
    >>> spikes = (torch.rand(64, 64) > 0.5).float().requires_grad_()
    >>> with packed_spikes():
    ...     loss = (spikes * spikes).sum()
    >>> loss.backward()
    >>> torch.equal(spikes.grad, 2 * spikes)
    True
    """
    with saved_tensors_hooks(_pack, _unpack):
        yield


def _pack(x: Tensor) -> Tensor | _Bits:
    if not x.is_floating_point() or x.numel() < _LEAST_ELEMENTS:
        return x
    flat = x.detach().reshape(-1)
    ones = flat != 0
    if not torch.equal(flat, ones.to(x.dtype)):
        return x
    padded = torch.nn.functional.pad(ones, (0, -len(ones) % 8)).reshape(-1, 8)
    packed = (padded * _powers(x.device)).sum(1, dtype=torch.uint8)
    return _Bits(packed, x.shape, x.dtype)


def _unpack(kept: Tensor | _Bits) -> Tensor:
    if isinstance(kept, Tensor):
        return kept
    ones = (kept.packed[:, None] & _powers(kept.packed.device)) != 0
    count = kept.shape.numel()
    return ones.reshape(-1)[:count].reshape(kept.shape).to(kept.dtype)


def _powers(device: torch.device) -> Tensor:
    return torch.tensor([1, 2, 4, 8, 16, 32, 64, 128], dtype=torch.uint8, device=device)
