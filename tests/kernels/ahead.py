"""Compiling kernels ahead of time, for a GPU that need not be there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource


def compile_ahead(
    kernel: Any, signature: Mapping[str, str], constants: Mapping[str, Any], *, capability: int
) -> bytes:
    """Compile a kernel to machine code.

    Args:
        kernel: A function decorated with `triton.jit`, not under Triton's interpreter.
        signature: Type of each argument by name, such as `*fp32` or `i64`; `constexpr` for
            constants.
        constants: Values of the constants by name.
        capability: Compute capability without the dot: 80 for A100, 90 for H100 and H200.

    Returns:
        The binary for that GPU (a cubin).

    Raises:
        TypeError: If the kernel is an interpreted one: unset TRITON_INTERPRET before importing it.
        triton.compiler.errors.CompilationError: If it does not compile.
    """
    if not isinstance(kernel, triton.JITFunction):
        raise TypeError("an interpreted kernel cannot be compiled: unset TRITON_INTERPRET")
    source = ASTSource(kernel, dict(signature), dict(constants))
    compiled = triton.compile(source, target=GPUTarget("cuda", capability, 32))
    binary: bytes = compiled.asm["cubin"]
    return binary
