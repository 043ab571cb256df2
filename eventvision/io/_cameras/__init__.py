"""Attached cameras: drivers behind one seam, and a source that outlives unplugging."""
