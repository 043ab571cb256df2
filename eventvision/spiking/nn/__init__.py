"""Torch modules: neurons, blocks and layers."""
