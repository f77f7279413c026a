"""Checking: whether what a store holds is what it says, row by row and byte by byte."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from typing import Any
from typing import Final

from sqlalchemy import Connection
from sqlalchemy import Row
from sqlalchemy import and_
from sqlalchemy import func
from sqlalchemy import select
from sqlalchemy import text

from mltrack_core.blobs import digest_of
from mltrack_core.limits import RETAIN_S
from mltrack_core.spool import frame
from mltrack_core.spool.frame import Frame
from mltrack_server.columns import Ints
from mltrack_server.store import chunk
from mltrack_server.store import remnant
from mltrack_server.store import schema
from mltrack_server.store import tier
from mltrack_server.store.blobs import BlobStore
from mltrack_server.store.media import reading as media
from mltrack_server.store.upkeep import counting
from mltrack_server.store.upkeep import dangling
from mltrack_server.store.upkeep import keeping

# What a damaged body may raise: msgpack, zstd, NumPy and our own bounds.
_DAMAGED: Final = (ValueError, TypeError, IndexError, KeyError, OverflowError, EOFError)

_run, _stream, _seg = schema.run.c, schema.stream.c, schema.seg.c
_chunk, _tier, _axis, _series = schema.chunk.c, schema.tier.c, schema.axis.c, schema.series.c
_remnant = schema.remnant.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something in a store that is not as it should be."""

    where: str
    what: str
    advice: str  # what a person can do
    table: str = ""  # of the row that --repair puts aside
    key: dict[str, Any] = field(default_factory=dict)
    blob: str = ""  # that --repair puts aside
    is_due: bool = False  # no damage: it may still come by itself

    @property
    def is_mendable(self) -> bool:
        """Whether --repair can put it aside."""
        return bool(self.table or self.blob)


_PUT_ASIDE: Final = "`mltrack fsck --repair` puts it aside; the rest of the run is read without it"
_RESTORE: Final = "restore a backup into a new folder; agents refill it with what they still hold"
_LATER: Final = "nothing yet: its agent may still bring it, within a day of the run's last record"
_AGAIN: Final = "keep the checkpoint's or the media's own file, or bring the blob from a backup"


def check(
    connection: Connection, blobs: BlobStore, now_ns: int, *, read_data: bool
) -> Iterator[Finding]:
    """Yield what is wrong.

    Args:
        connection: Sees one state of the store.
        blobs: Its blobs.
        now_ns: What time it is.
        read_data: Whether to read every body and every blob, not only what is said of them.
    """
    yield from _database(connection, thorough=read_data)
    yield from _strays(connection)
    for run in connection.execute(select(_run.rid, _run.uid).order_by(_run.rid)).all():
        checked = _RunCheck(connection, run, read_data=read_data)
        yield from checked.segs()
        yield from checked.axes()
        yield from checked.chunks()
        yield from checked.tiers()
        yield from checked.remnants()
        yield from checked.counts()
    for where, what in dangling.models(connection):
        yield Finding(where=where, what=what, advice=_RESTORE)
    yield from _blobs(connection, blobs, now_ns, read_data=read_data)


def _database(connection: Connection, *, thorough: bool) -> Iterator[Finding]:
    """Ask the database what it thinks of its own file."""
    if connection.dialect.name != "sqlite":
        return
    pragma = "PRAGMA integrity_check(20)" if thorough else "PRAGMA quick_check(20)"
    for (found,) in connection.execute(text(pragma)):
        if found != "ok":
            yield Finding(where="database", what=str(found), advice=_RESTORE)


def _strays(connection: Connection) -> Iterator[Finding]:
    """Look for rows of runs that are not there."""
    for table in schema.metadata.sorted_tables:
        if table is schema.run or "rid" not in table.columns:
            continue
        keys = list(table.primary_key.columns)
        rows = connection.execute(
            select(*keys)
            .outerjoin(schema.run, _run.rid == table.c.rid)
            .where(_run.rid.is_(None))
            .limit(1000)
        )
        for row in rows:
            key = {column.name: value for column, value in zip(keys, row, strict=True)}
            yield Finding(
                where=f"{table.name} {key}",
                what="its run is not there",
                advice=_PUT_ASIDE,
                table=str(table.name),
                key=key,
            )


class _RunCheck:
    """One run's rows."""

    def __init__(self, connection: Connection, run: Any, *, read_data: bool) -> None:
        self._connection, self._rid, self._uid = connection, run.rid, run.uid
        self._read_data = read_data
        self._bad_axes: set[bytes] = set()
        self._bad_chunks: set[tuple[int, int]] = set()  # places
        self._streams = {
            row.no: row.next_seq
            for row in connection.execute(
                select(_stream.no, _stream.next_seq).where(_stream.rid == self._rid)
            )
        }

    def _finding(self, table: str, what: str, **key: Any) -> Finding:
        shown = " ".join(
            f"{name}={value.hex() if isinstance(value, bytes) else value}"
            for name, value in key.items()
        )
        return Finding(
            where=f"run {self._uid} {table} {shown}",
            what=what,
            advice=_PUT_ASIDE,
            table=table,
            key={"rid": self._rid, **key},
        )

    def segs(self) -> Iterator[Finding]:
        """Check batches that are not folded: their order, and with --read-data their frames."""
        ends: dict[int, int] = {}
        for row in self._connection.execute(
            select(_seg.stream_no, _seg.first_seq, _seg.next_seq, _seg.bytes)
            .where(_seg.rid == self._rid)
            .order_by(_seg.stream_no, _seg.first_seq)
        ).all():
            problem = ""
            if row.stream_no not in self._streams:
                problem = "its stream is not there"
            elif not ends.get(row.stream_no, 0) <= row.first_seq < row.next_seq:
                problem = "its seqs overlap with those before it"
            elif row.next_seq > self._streams[row.stream_no]:
                problem = f"it goes on past seq {self._streams[row.stream_no]}, what is durable"
            elif self._read_data:
                problem = self._frames(row)
            ends[row.stream_no] = row.next_seq
            if problem:
                yield self._finding(
                    "seg", problem, stream_no=row.stream_no, first_seq=row.first_seq
                )

    def _frames(self, row: Any) -> str:
        """Return what is wrong with a batch's frames; "" if nothing is."""
        stored = self._connection.execute(
            select(_seg.salt, _seg.body).where(
                _seg.rid == self._rid,
                _seg.stream_no == row.stream_no,
                _seg.first_seq == row.first_seq,
            )
        ).one()
        if len(stored.body) != row.bytes:
            return f"it has {len(stored.body)} bytes instead of {row.bytes}"
        seq, end = row.first_seq, 0
        for found in frame.scan(stored.body, stored.salt):
            if not isinstance(found, Frame) or found.seq != seq:
                return f"damaged at byte {found.start}"
            seq, end = seq + 1, found.end
        whole = seq == row.next_seq and end == len(stored.body)
        return "" if whole else f"damaged at byte {end}"

    def axes(self) -> Iterator[Finding]:
        """Check that axes are read by somebody, and with --read-data that they are whole."""
        used = {
            digest
            for column in (_chunk, _tier, _remnant)
            for digest in self._connection.execute(
                select(column.axis).where(column.rid == self._rid).distinct()
            ).scalars()
        }
        digests = self._connection.execute(
            select(_axis.digest).where(_axis.rid == self._rid)
        ).scalars()
        for digest in digests.all():
            if digest not in used:
                yield self._finding("axis", "nothing refers to it", digest=digest)
            elif self._read_data:
                body = self._axis(digest)
                if hashlib.sha256(body).digest()[:16] != digest:
                    self._bad_axes.add(digest)
                    yield self._finding("axis", "its bytes are not those written", digest=digest)

    def _axis(self, digest: bytes) -> bytes:
        body: bytes = self._connection.execute(
            select(_axis.body).where(_axis.rid == self._rid, _axis.digest == digest)
        ).scalar_one()
        return body

    def chunks(self) -> Iterator[Finding]:
        """Check chunks: their axes, and with --read-data their counts, bounds and values."""
        rows = self._connection.execute(
            select(
                _chunk.series_no, _chunk.stream_no, _chunk.no, _chunk.n, _chunk.axis,
                _chunk.step_min, _chunk.step_max, _chunk.time_min, _chunk.time_max,
                _axis.digest,
            )
            .outerjoin(schema.axis, and_(_axis.rid == _chunk.rid, _axis.digest == _chunk.axis))
            .where(_chunk.rid == self._rid)
            .order_by(_chunk.series_no, _chunk.stream_no, _chunk.no)
        ).all()  # fmt: skip
        axes: dict[bytes, tuple[Ints, Ints] | None] = {}
        for row in rows:
            problem = ""
            if row.digest is None or row.axis in self._bad_axes:
                problem = "its steps and times are not there, or damaged"
            elif not 0 < row.n <= tier.SHAPE.chunk:
                problem = f"{row.n} points are none or too many"
            elif row.stream_no not in self._streams:
                problem = "its stream is not there"
            elif self._read_data:
                if row.axis not in axes:
                    axes = {row.axis: self._unpacked(row.axis)} if len(axes) > 64 else axes
                    axes[row.axis] = self._unpacked(row.axis)
                problem = self._values(row, axes[row.axis])
            if problem:
                self._bad_chunks.add((row.series_no, row.stream_no))
                yield self._finding(
                    "chunk", problem, series_no=row.series_no, stream_no=row.stream_no, no=row.no
                )

    def _unpacked(self, digest: bytes) -> tuple[Ints, Ints] | None:
        try:
            return chunk.unpack_axis(self._axis(digest))
        except _DAMAGED:
            return None

    def _values(self, row: Any, axis: tuple[Ints, Ints] | None) -> str:
        """Return what is wrong with a chunk; "" if nothing is."""
        if axis is None:
            return "its steps and times do not unpack"
        step, time_ns = axis
        bounds = (int(step.min()), int(step.max()), int(time_ns.min()), int(time_ns.max()))
        if len(step) != row.n or bounds != tuple(row[5:9]):
            return "its steps and times are not those that its row says"
        body = self._connection.execute(
            select(_chunk.body).where(
                _chunk.rid == self._rid,
                _chunk.series_no == row.series_no,
                _chunk.stream_no == row.stream_no,
                _chunk.no == row.no,
            )
        ).scalar_one()
        try:
            value, _ = chunk.unpack_values(body)
        except Exception as error:  # noqa: BLE001 - zstd has an error of its own in each version
            return f"its values do not unpack: {error}"
        return "" if len(value) == row.n else f"{len(value)} values for {row.n} points"

    def tiers(self) -> Iterator[Finding]:
        """Check that every full chunk is in a row of each level, and that the rows unpack."""
        place = (_chunk.series_no, _chunk.stream_no)
        full: dict[tuple[int, int], int] = {
            (row.series_no, row.stream_no): row.n
            for row in self._connection.execute(
                select(*place, func.sum(_chunk.n).label("n"))
                .where(_chunk.rid == self._rid, _chunk.n == tier.SHAPE.chunk)
                .group_by(*place)
            )
        }
        counted: dict[tuple[int, int, int], int] = {}
        bad: dict[tuple[int, int], str] = {}
        for row in self._connection.execute(
            select(schema.tier, _axis.body.label("axis_body"))
            .outerjoin(schema.axis, and_(_axis.rid == _tier.rid, _axis.digest == _tier.axis))
            .where(_tier.rid == self._rid)
        ):
            mine = (row.series_no, row.stream_no)
            counted[*mine, row.level] = counted.get((*mine, row.level), 0) + row.n
            if row.axis_body is None or row.axis in self._bad_axes:
                bad[mine] = "buckets have lost their steps and times"
            elif self._read_data and not _buckets_are_whole(row):
                bad[mine] = "buckets do not unpack"
        for mine in full.keys() | {key[:2] for key in counted}:
            if any(counted.get((*mine, level), 0) != full.get(mine, 0) for level in tier.LEVELS):
                bad.setdefault(mine, "buckets are not about as many points as there are")
        for (series_no, stream_no), what in sorted(bad.items()):
            yield self._finding("tier", what, series_no=series_no, stream_no=stream_no)

    def remnants(self) -> Iterator[Finding]:
        """Check that what thinning has left has its axes, and with --read-data that it unpacks."""
        for row in self._connection.execute(
            select(schema.remnant, _axis.body.label("axis_body"))
            .outerjoin(schema.axis, and_(_axis.rid == _remnant.rid, _axis.digest == _remnant.axis))
            .where(_remnant.rid == self._rid)
        ):
            problem = ""
            if row.axis_body is None or row.axis in self._bad_axes:
                problem = "its steps and times are not there, or damaged"
            elif row.stream_no not in self._streams:
                problem = "its stream is not there"
            elif self._read_data and not _remnant_is_whole(row):
                problem = "it does not unpack to what its row says"
            if problem:
                key = {name: getattr(row, name) for name in ("series_no", "stream_no", "no")}
                yield self._finding("remnant", problem, **key)

    def counts(self) -> Iterator[Finding]:
        """Check that series are as long as they say, in a run whose points are all folded."""
        waiting = select(_seg.rid).where(_seg.rid == self._rid).limit(1)
        if self._connection.execute(waiting).first():
            return
        held = counting.held(self._rid)
        for row in self._connection.execute(
            select(_series.no, _series.name, _series.points, held.c.n)
            .outerjoin(held, held.c.series_no == _series.no)
            .where(_series.rid == self._rid, _series.points != func.coalesce(held.c.n, 0))
        ):
            yield Finding(
                where=f"run {self._uid} series {row.name!r}",
                what=f"it counts {row.points} points and has {row.n or 0}",
                advice="what is there is shown; what is missing may be in a backup",
            )


def _buckets_are_whole(row: Row[Any]) -> bool:
    """Tell whether a tier's row unpacks to as many buckets as it is about."""
    count = -(-row.n // tier.SHAPE.points(row.level))
    try:
        ranges = tier.unpack_ranges([row.body])
        spans = tier.unpack_spans([row.axis_body], [count])
    except _DAMAGED:
        return False
    return {len(ranges.low), len(ranges.mean), len(spans.step_low)} == {count}


def _remnant_is_whole(row: Row[Any]) -> bool:
    """Tell whether a remnant unpacks to as many points as it says."""
    try:
        found = remnant.unpack(row.body, *chunk.unpack_axis(row.axis_body))
    except Exception:  # noqa: BLE001 - zstd has an error of its own in each version
        return False
    lengths = {len(found.column.value), len(found.column.step), int(found.kept.sum()), row.kept}
    return lengths == {row.kept} and int(found.points.sum()) == row.n


def _blobs(
    connection: Connection, blobs: BlobStore, now_ns: int, *, read_data: bool
) -> Iterator[Finding]:
    """Check that blobs are there that something names, and with --read-data their bytes."""
    if blobs.folder is None:
        return
    # A file of media comes before its record or after it; a checkpoint's come before theirs.
    due = media.named(connection, heard_since_ns=now_ns - int(RETAIN_S * 1e9))
    for digest in sorted(keeping.named(connection)):
        if not blobs.has(digest) and digest in due:
            what = "it is not there yet; a run that was heard of within a day names it"
            yield Finding(where=f"blob {digest}", what=what, advice=_LATER, is_due=True)
        elif not blobs.has(digest):
            yield Finding(where=f"blob {digest}", what="it is not there", advice=_AGAIN)
        elif read_data and not _is_whole(blobs, digest):
            yield Finding(
                where=f"blob {digest}",
                what="its bytes are not those of its name",
                advice=_AGAIN,
                blob=digest,
            )


def _is_whole(blobs: BlobStore, digest: str) -> bool:
    try:
        return digest_of(blobs.bytes_of(digest)) == digest
    except OSError:
        return False
