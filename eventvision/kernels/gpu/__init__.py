"""Kernels for GPUs, written with Triton: imported by name, where Triton is installed."""
