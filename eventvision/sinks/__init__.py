"""Room: sinks."""
