"""Many recordings through one pipeline: in processes here, or on a cluster."""
