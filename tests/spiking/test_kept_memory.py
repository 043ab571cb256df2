"""Memory of large results is used again; generated modules are kept for the next process."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from eventvision.spiking import nn, steps
from eventvision.spiking.nn import _buffers
from eventvision.spiking.steps import _modules


def test_memory_is_used_again_only_when_nobody_holds_it():
    _buffers.release_memory()
    neuron, x = nn.IF(backend="numba"), torch.ones(2, 1, 1 << 18)
    first = neuron(x)
    held, address = first[1:], first.data_ptr()
    del first
    assert neuron(x).data_ptr() != address
    assert held.min() == 1
    del held
    assert neuron(x).data_ptr() == address
    assert _buffers.SHELF.unused_bytes > 0
    nn.release_memory()
    assert _buffers.SHELF.unused_bytes == 0


def test_memory_that_lies_idle_is_given_back():
    shelf = _buffers.Shelf(patience=3)
    number = np.dtype(np.float32)
    shelf.take(1000, number)
    for _ in range(5):
        shelf.take(10, number)
    assert shelf.unused_bytes < 1000


def test_a_source_is_kept_in_the_cache_folder(tmp_path, monkeypatch):
    monkeypatch.setenv(_modules.CACHE_VARIABLE, str(tmp_path))
    source = "VALUE = 40 + 2\n"
    module = steps.load_module(source, name="answer")
    assert module.VALUE == 42
    assert steps.load_module(source, name="answer") is module
    (file,) = (tmp_path / "steps").glob("*.py")
    assert file.read_text() == source


def test_a_cache_folder_that_cannot_be_written_is_done_without(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(_modules.CACHE_VARIABLE, str(tmp_path / "file"))
    assert steps.load_module("VALUE = 7\n", name="seven").VALUE == 7


def test_a_source_that_fails_leaves_no_module_behind(tmp_path, monkeypatch):
    monkeypatch.setenv(_modules.CACHE_VARIABLE, str(tmp_path))
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            steps.load_module("1 / 0\n", name="wrong")
