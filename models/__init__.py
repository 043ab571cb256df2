"""Shipped models: one folder each, data only."""
