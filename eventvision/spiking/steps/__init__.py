"""Neurons written once: a step over arrays, its derivative, and the code made from both."""
