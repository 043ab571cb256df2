"""Streams over TCP, TLS and UDP, in both directions."""
