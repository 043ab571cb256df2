"""Room: representations."""
