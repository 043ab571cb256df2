"""Numbers as people read them: sizes, times, counts, rates."""

from __future__ import annotations


def size_text(count: int) -> str:
    """Say a number of bytes.

    >>> size_text(532), size_text(1_204_000), size_text(3_210_000_000)
    ('532 B', '1.2 MB', '3.21 GB')
    """
    if count < 1000:
        return f"{count} B"
    if count < 1_000_000:
        return f"{count / 1e3:.1f} kB"
    return f"{count / 1e6:.1f} MB" if count < 1_000_000_000 else f"{count / 1e9:.2f} GB"


def clock_text(seconds: float) -> str:
    """Say how long something has been going on.

    >>> clock_text(4.26), clock_text(65.0), clock_text(3725.0)
    ('0:04.2', '1:05.0', '1:02:05')
    """
    tenths = int(seconds * 10 + 1e-6)
    whole, tenth = divmod(tenths, 10)
    if whole >= 3600:
        return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
    return f"{whole // 60}:{whole % 60:02}.{tenth}"


def span_text(span_us: int) -> str:
    """Say a length of time.

    >>> span_text(500), span_text(50_000), span_text(2_000_000), span_text(1_500_000)
    ('500 us', '50 ms', '2 s', '1.5 s')
    """
    if span_us < 1000:
        return f"{span_us} us"
    return f"{span_us / 1e3:g} ms" if span_us < 1_000_000 else f"{span_us / 1e6:g} s"


def count_text(count: int, what: str) -> str:
    """Say how many.

    >>> count_text(1, "event"), count_text(12_345, "event")
    ('1 event', '12,345 events')
    """
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
