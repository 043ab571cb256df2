"""Room: filters."""
