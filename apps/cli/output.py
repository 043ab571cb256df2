"""How the command line talks: tables on stdout, progress and problems on stderr."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from eventvision.core import DamageReport

_WIDE = 1000
"""Columns for output that goes into a file or another program."""


class ShowProgress(Protocol):
    """Shows how far the work has come."""

    def __call__(self, share: float | None, events: int) -> None:
        """Take the share done (None where there is no end) and the events read so far."""


def print_table(
    title: str,
    rows: Sequence[tuple[str, ...]],
    header: Sequence[str] = (),
    *,
    words: bool = False,
) -> None:
    """Print rows under a title.

    Args:
        title: What the table is about.
        rows: The cells; the first column is left-aligned, numbers under a header to the right.
        header: Names of the columns.
        words: Whether all columns hold words, which go to the left.
    """
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDE  # nobody looks at lines, and nothing must be cut
    console.print(title, style="bold", markup=False, soft_wrap=True)
    table = Table(box=box.SIMPLE_HEAD, show_header=bool(header), show_edge=False, pad_edge=False)
    columns = max((len(row) for row in rows), default=1)
    for index in range(columns):
        name = header[index] if index < len(header) else ""
        left = index == 0 or words or not header
        table.add_column(name, justify="left" if left else "right", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))  # brackets in a text are no markup
    console.print(table)
    console.print()


def tell(line: str) -> None:
    """Say one line about a problem on stderr."""
    Console(stderr=True, highlight=False, soft_wrap=True, markup=False).print(
        f"eventvision: {line}"
    )


def damage_line(source: str, damage: DamageReport) -> str:
    """Return one line that names the file, the damage and what to do about it."""
    return (
        f"{source}: damaged: {damage}; everything else was read, "
        "copy or record it again for the rest"
    )


@contextmanager
def progress_bar(label: str) -> Iterator[ShowProgress]:
    """Show a bar with event rate and time left on stderr while it is a terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(label, total=1.0, rate="")

        def show(share: float | None, events: int) -> None:
            elapsed_s = bar.tasks[0].elapsed or 0.0
            rate = f"{events / elapsed_s / 1e6:.1f} Mev/s" if elapsed_s > 0 else ""
            bar.update(task, completed=share, total=None if share is None else 1.0, rate=rate)

        yield show
