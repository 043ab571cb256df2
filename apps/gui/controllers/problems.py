"""What is wrong is collected here, shown where it is, and can be dismissed."""

from __future__ import annotations

from ..state import AppState, Problem, Severity

MOST_PROBLEMS = 200


class Problems:
    """Collects problems; the same one twice in a row is told once, with its latest time.

    Of load only the latest is kept: tasks come and go with it all the time.
    """

    def __init__(self, state: AppState) -> None:
        self._cell = state.problems

    def add(self, where: str, error: object, severity: Severity = "error") -> None:
        """Take an error or a line of text; see `Problem` for `where`."""
        text = str(error) or type(error).__name__
        problem = Problem(where=where, text=text, severity=severity)
        earlier = self._cell.value
        if where == "load":
            earlier = tuple(each for each in earlier if each.where != "load")
        if earlier and earlier[-1] == problem:
            earlier = earlier[:-1]
        self._cell.set((*earlier, problem)[-MOST_PROBLEMS:])

    def dismiss(self, problem: Problem) -> None:
        """Forget one."""
        self._cell.set(tuple(each for each in self._cell.value if each is not problem))

    def clear(self, where: str | None = None) -> None:
        """Forget all, or those of one place."""
        kept = () if where is None else tuple(p for p in self._cell.value if p.where != where)
        self._cell.set(kept)
