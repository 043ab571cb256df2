"""Timings beside other projects; no benchmark decides a test.

`python -m benchmarks.NAME [--json]` runs one, `python -m benchmarks.all` runs all and writes
`docs/benchmarks.md`. Every measurement takes turns with the peer that it is compared with, in the
same run, and shows the best of several laps.
"""
