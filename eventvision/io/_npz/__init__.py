"""NumPy archives and arrays, read and written."""
