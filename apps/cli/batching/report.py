"""An HTML page about a batch: totals, a row and small plots for each recording; no other files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from eventvision.core import complete_file

from .jobs import Outcome
from .tables import latency_ms

_SPARK = 220, 36
_BARS = 900, 16
_MOST_BARS = 200

_STYLE = """
:root { color-scheme: light dark; --line: #4896ff; --soft: #8884; --bad: #d33; --good: #2a8f4f; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 1200px;
  padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.05rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .35rem .6rem; border-bottom: 1px solid var(--soft); text-align: right;
  font-variant-numeric: tabular-nums; vertical-align: middle; }
th:first-child, td:first-child { text-align: left; overflow-wrap: anywhere; }
.failed { color: var(--bad); } .damaged { color: #b70; } .done { color: var(--good); }
.problem { text-align: left; } dl { display: flex; flex-wrap: wrap; gap: .4rem 2rem; }
dt { opacity: .65; font-size: .8rem; } dd { margin: 0; font-weight: 650; font-size: 1.15rem; }
svg text { font: 11px system-ui, sans-serif; fill: currentColor; }
.wide { overflow-x: auto; }
"""


def write_report(outcomes: Sequence[Outcome], settings: str, wall_s: float, path: Path) -> None:
    """Write the page.

    Args:
        outcomes: What became of each recording.
        settings: What was done with them, one line.
        wall_s: How long this run took.
        path: Where to write.

    Raises:
        OutputError: If it cannot be written.
    """
    page = "\n".join(_page(outcomes, settings, wall_s))
    with complete_file(path) as part:
        part.write_text(page, encoding="utf-8")


def _page(outcomes: Sequence[Outcome], settings: str, wall_s: float) -> Iterator[str]:
    yield "<!doctype html>\n<html lang='en'><meta charset='utf-8'>"
    yield "<meta name='viewport' content='width=device-width, initial-scale=1'>"
    yield f"<title>Batch of {len(outcomes)} recordings</title><style>{_STYLE}</style>"
    yield f"<h1>Batch of {len(outcomes)} recordings</h1>"
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    yield f"<p>{escape(settings)}</p><p>{now}</p>"
    yield from _totals(outcomes, wall_s)
    worked = [one for one in outcomes if one.summary]
    if worked:
        yield "<h2>Speed, million events a second</h2>"
        yield _bars([(one, float(one.summary["mev_per_s"])) for one in worked])
        yield "<h2>Time a slice takes, 99 % below, ms</h2>"
        yield _bars([(one, latency_ms(one, "p99") or 0.0) for one in worked])
    yield "<h2>Recordings</h2><div class='wide'><table><tr><th>recording<th>state<th>events"
    yield "<th>seconds<th>slices<th>Mev/s<th>p99 ms<th>events/s over time<th>objects over time</tr>"
    yield from map(_row, outcomes)
    yield "</table></div></html>"


def _totals(outcomes: Sequence[Outcome], wall_s: float) -> Iterator[str]:
    events = sum(one.summary.get("events", 0) for one in outcomes)
    seconds = sum(one.summary.get("recording_s", 0.0) for one in outcomes)
    work_s = sum(one.wall_s for one in outcomes)
    told = [
        *((state, sum(one.state == state for one in outcomes)) for state in _STATES),
        ("events", f"{events:,}"),
        ("seconds recorded", f"{seconds:,.1f}"),
        ("seconds of work", f"{work_s:,.1f}"),
        ("seconds for this run", f"{wall_s:,.1f}"),
    ]
    yield "<dl>"
    yield from (f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in told)
    yield "</dl>"


_STATES = ("done", "damaged", "failed")


def _row(one: Outcome) -> str:
    name = escape(Path(one.source).name)
    state = f"<td class='{one.state}'>{one.state}"
    problem = f"<br><small class='problem'>{escape(one.problem)}</small>" if one.problem else ""
    if not one.summary:
        return f"<tr><td title='{escape(one.source)}'>{name}{problem}{state}<td colspan='7'></tr>"
    told = one.summary
    p99 = latency_ms(one, "p99")
    cells = (
        f"{told['events']:,}",
        f"{told['recording_s']:.2f}",
        f"{told['slices']:,}",
        f"{told['mev_per_s']:.2f}",
        "" if p99 is None else f"{p99:.1f}",
        _spark(one.curves.get("event_rate_hz", ())),
        _spark(one.curves.get("objects", ())),
    )
    row = "".join(f"<td>{cell}" for cell in cells)
    return f"<tr><td title='{escape(one.source)}'>{name}{problem}{state}{row}</tr>"


def _spark(values: Sequence[float]) -> str:
    """Return a small curve with its highest value; nothing for fewer than two values."""
    if len(values) < 2:
        return ""
    width, height = _SPARK
    most = max(*values, 1e-9)
    step = width / (len(values) - 1)
    points = " ".join(
        f"{index * step:.1f},{height - 2 - (height - 4) * value / most:.1f}"
        for index, value in enumerate(values)
    )
    return (
        f"<svg width='{width + 60}' height='{height}' role='img' aria-label='at most {most:,.3g}'>"
        f"<polyline points='{points}' fill='none' stroke='var(--line)' stroke-width='1.4'/>"
        f"<text x='{width + 5}' y='12'>{_short(most)}</text></svg>"
    )


def _bars(values: Sequence[tuple[Outcome, float]]) -> str:
    shown = values[:_MOST_BARS]
    width, height = _BARS
    most = max(*(value for _, value in shown), 1e-9)
    lines = []
    for index, (one, value) in enumerate(shown):
        y, length = index * height, (width - 320) * value / most
        lines.append(
            f"<text x='250' y='{y + 12}' text-anchor='end'>{escape(_clipped(one.source))}</text>"
            f"<rect x='258' y='{y + 3}' width='{length:.1f}' height='{height - 6}'"
            f" fill='var(--line)'/><text x='{262 + length:.1f}' y='{y + 12}'>{value:.2f}</text>"
        )
    return f"<svg width='{width}' height='{len(shown) * height}'>{''.join(lines)}</svg>"


def _clipped(source: str) -> str:
    name = Path(source).name
    return name if len(name) <= 36 else f"{name[:16]}…{name[-18:]}"


def _short(value: float) -> str:
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"
