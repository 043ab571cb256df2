"""Results as Parquet: a row per slice, columns as the keys of the JSON lines.

Lists of objects are columns of structures: `SELECT unnest(tracks) FROM 'file.parquet'`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from eventvision.core import ConfigError, PartFile, SliceResult, output_errors

from ._jsonl import as_object

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 1024
"""Rows that are written together."""


class ParquetSink:
    """Writes results to a Parquet file.

    Rows go to `PATH.part`, which `close` completes and renames to `PATH`. Unlike JSON lines, a
    file that was not completed cannot be read: rotate, and keep files short.

    Args:
        path: Target; an existing file is replaced at `close`.
        rows: Rows that are kept in memory and written together.

    Raises:
        ConfigError: If pyarrow is missing.
        OutputError: If the target cannot be written.
        ValueError: If `rows` is not positive.
    """

    def __init__(self, path: str | Path, *, rows: int = ROWS) -> None:
        if rows < 1:
            raise ValueError(f"rows must be positive, got {rows}")
        try:
            import pyarrow.parquet as pq
        except ImportError:
            raise ConfigError("parquet", str(path), "pip install 'eventvision[parquet]'") from None
        self._path, self._rows = path, rows
        self._schema = result_schema()
        self._part = PartFile(path)
        self._waiting: list[dict[str, object]] = []
        self._failed = False
        with output_errors(path):
            self._writer: pq.ParquetWriter | None = pq.ParquetWriter(
                self._part.path, self._schema, compression="zstd"
            )

    def write(self, result: SliceResult) -> None:
        """Add the row of one slice.

        Raises:
            OutputError: If rows cannot be stored; the file is given up.
        """
        self._waiting.append(_row(result))
        if len(self._waiting) >= self._rows:
            self._write_out()

    def close(self) -> None:
        """Complete the file and give it its name, unless writing failed; may be called twice."""
        if self._writer is None:
            return
        try:
            if not self._failed:
                self._write_out()
        finally:
            writer, self._writer = self._writer, None
            with output_errors(self._path):
                try:
                    writer.close()
                except OSError:
                    self._failed = True
                    raise
                finally:
                    if self._failed:
                        self._part.discard()
        if not self._failed:
            self._part.keep()

    def discard(self) -> None:
        """Remove what was written, instead of `close`."""
        if self._writer is not None:
            self._failed = True
            self._waiting.clear()
            self.close()

    def _write_out(self) -> None:
        import pyarrow as pa

        rows, self._waiting = self._waiting, []
        if not rows or self._writer is None or self._failed:
            return
        table = pa.Table.from_pylist(rows, schema=self._schema)
        with output_errors(self._path):
            try:
                self._writer.write_table(table)
            except OSError:
                self._failed = True
                raise


def result_schema() -> pa.Schema:
    """Return the columns, as `docs/results.md` describes them."""
    import pyarrow as pa

    box = [(name, pa.float32()) for name in ("x", "y", "w", "h", "score")]
    detection = pa.struct([*box, ("class", pa.string())])
    track = pa.struct(
        [
            ("id", pa.int64()),
            *box,
            ("vx_px_s", pa.float32()),
            ("vy_px_s", pa.float32()),
            ("age_us", pa.int64()),
            ("class", pa.string()),
        ]
    )
    line = pa.struct([("name", pa.string()), ("forward", pa.int64()), ("backward", pa.int64())])
    times = [(name, pa.int64()) for name in ("inside", "entered", "dwell_us", "longest_us")]
    passage = pa.struct(
        [
            ("gate", pa.string()),
            ("way", pa.string()),
            ("id", pa.int64()),
            ("class", pa.string()),
            ("at_us", pa.int64()),
            *((name, pa.float32()) for name in ("x", "y", "vx_px_s", "vy_px_s", "speed_m_s")),
            ("dwell_us", pa.int64()),
        ]
    )
    counts = [
        ("lines", pa.list_(line)),
        ("zones", pa.list_(pa.struct([("name", pa.string()), *times]))),
        ("passages", pa.list_(passage)),
    ]
    depth = [(name, pa.float32()) for name in ("near", "median", "far")]
    return pa.schema(
        [
            ("slice", pa.int64()),
            ("t0_us", pa.int64()),
            ("t1_us", pa.int64()),
            ("events", pa.int64()),
            ("ended_by", pa.string()),
            ("width", pa.int32()),
            ("height", pa.int32()),
            ("detections", pa.list_(detection)),
            ("tracks", pa.list_(track)),
            ("alarm", pa.struct([("began", pa.bool_()), ("objects", pa.list_(detection))])),
            ("counts", pa.struct(counts)),
            ("segmentation", pa.map_(pa.string(), pa.float32())),
            ("depth", pa.struct([*depth, ("is_metric", pa.bool_())])),
        ]
    )


def _row(result: SliceResult) -> dict[str, Any]:
    row: dict[str, Any] = as_object(result)
    if "segmentation" in row:
        row["segmentation"] = list(row["segmentation"].items())
    return row
