"""Shipped recordings with ground truth, data only."""
