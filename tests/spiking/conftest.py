"""Fixtures that tests of spiking networks share."""

from __future__ import annotations

from types import ModuleType

import pytest

from eventvision.spiking.steps import numba_source, parallel_numba_source


def uncompiled(source: str) -> ModuleType:
    """Return a module of kernels that Python runs itself."""
    source = source.replace(
        "from eventvision.kernels._jit import arithmetic, kernel",
        "arithmetic = kernel = lambda function: function",
    )
    module = ModuleType("uncompiled")
    exec(source, module.__dict__)
    return module


@pytest.fixture
def python_runs_kernels(monkeypatch):
    """Let Python run the kernels that are made for numba, which saves compiling them."""
    from eventvision.spiking.nn import _numba, _parallel_kernels

    def module(step, by_channel, by, real):
        return uncompiled(numba_source(step, by_channel=by_channel, by=by, real=real))

    def parallel_module(firing, real):
        return uncompiled(parallel_numba_source(firing, real=real))

    monkeypatch.setattr(_numba, "_module", module)
    monkeypatch.setattr(_parallel_kernels, "_numba_module", parallel_module)
