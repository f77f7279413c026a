"""Media in the store: records become rows, and rows what is shown at a step."""

from __future__ import annotations

import math
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Final
from typing import NamedTuple
from typing import TypeVar

import msgspec
import numpy as np
from sqlalchemy import Connection
from sqlalchemy import func
from sqlalchemy import select

from mltrack_core import records
from mltrack_core.limits import MEDIA_ITEMS_MAX
from mltrack_core.media import evaluation
from mltrack_core.media import formats
from mltrack_server import resources
from mltrack_server.resources import MediaKey
from mltrack_server.resources import MediaOverview
from mltrack_server.resources import MediaPage
from mltrack_server.resources import MediaRecord
from mltrack_server.resources import MediaRows
from mltrack_server.store import schema
from mltrack_server.store.blobs import BlobMissing
from mltrack_server.store.blobs import BlobStore
from mltrack_server.store.bounds import INT64_MAX
from mltrack_server.store.bounds import INT64_MIN
from mltrack_server.store.database.engine import Connecting
from mltrack_server.store.keys import rid_of
from mltrack_server.store.lineage import Lineage
from mltrack_server.store.media.answers import described
from mltrack_server.store.media.answers import drawn
from mltrack_server.store.media.answers import shown
from mltrack_server.store.media.bounds import files
from mltrack_server.store.media.writing import some_of

_Decoded = TypeVar("_Decoded")

STEPS_MAX: Final = 10_000  # that an overview lists

_media, _file = schema.media.c, schema.media_file.c
_KEYS: Final = select(_media.stream_no, _media.seq, _media.step, _media.time_ns, _media.name)
_decode: Final = msgspec.msgpack.Decoder(list[records.MediaItem]).decode
_decode_table: Final = msgspec.msgpack.Decoder(tuple[list[str], list[list[resources.Cell]]]).decode


class FileData(NamedTuple):
    """A file of a run's media, whole."""

    type: str
    data: bytes


class MediaReads:
    """Answers every read of media. Thread-safe.

    Args:
        reading: Gives a connection that sees one state of the store.
        blobs: Where files lie that are not in the database.
    """

    def __init__(self, reading: Connecting, blobs: BlobStore) -> None:
        self._reading, self._blobs = reading, blobs

    def overview(self, run: str) -> MediaOverview | None:
        """Return which media a run has; None if there is no such run."""
        rid = rid_of(run)
        with self._reading() as connection:
            if not _has_run(connection, rid):
                return None
            rows = connection.execute(
                select(
                    _media.name,
                    _media.kinds,
                    func.count().label("records"),
                    func.sum(_media.item_count).label("item_count"),
                    func.min(_media.step).label("first"),
                    func.max(_media.step).label("last"),
                )
                .where(_media.rid == rid)
                .group_by(_media.name, _media.kinds)
                .order_by(_media.name)
            ).all()
            steps = connection.execute(
                select(_media.step).where(_media.rid == rid).distinct().order_by(_media.step)
            ).scalars()
            found = np.fromiter(steps, np.int64)
        keys: dict[str, MediaKey] = {}
        for row in rows:
            key = MediaKey(
                name=row.name,
                kinds=row.kinds.split(","),
                records=row.records,
                items=int(row.item_count),
                first_step=row.first,
                last_step=row.last,
            )
            keys[row.name] = _added(keys[row.name], key) if row.name in keys else key
        is_thinned = len(found) > STEPS_MAX
        if is_thinned:
            found = found[np.linspace(0, len(found) - 1, STEPS_MAX).astype(int)]
        return MediaOverview(keys=list(keys.values()), steps=found.tolist(), is_thinned=is_thinned)

    def shown(self, run: str, step: int | None, prefix: str) -> MediaPage | None:
        """Return what each name shows at *step*: its newest record up to there.

        Args:
            run: Its id.
            step: None: the last one.
            prefix: Of the names wanted.

        Returns:
            None if there is no such run.
        """
        rid = rid_of(run)
        with self._reading() as connection:
            if not _has_run(connection, rid):
                return None
            newest = _newest(connection, rid, INT64_MAX if step is None else step, prefix)
            found = [self._record(connection, run, newest[name]) for name in sorted(newest)]
        return MediaPage(records=found, next=None)

    def records(self, run: str, name: str, start: int | None, limit: int) -> MediaPage | None:
        """Return what *name* shows, step by step from *start* on; None if there is no such name."""
        rid = rid_of(run)
        with self._reading() as connection:
            by_step: dict[int, list[_Key]] = {}
            for key in _current(connection, rid, start=start, name=name):
                by_step.setdefault(key.step, []).append(key)
            if (
                not by_step
                and not connection.execute(
                    select(_media.seq).where(_media.rid == rid, _media.name == name).limit(1)
                ).first()
            ):
                return None
            steps = sorted(by_step)
            found = [self._record(connection, run, by_step[step]) for step in steps[:limit]]
        return MediaPage(records=found, next=steps[limit] if len(steps) > limit else None)

    def file(self, run: str, digest: str) -> FileData | None:
        """Return a file that the run's media name; None if they name none such.

        Raises:
            BlobMissing: It is on its way, or was lost.
        """
        rid = rid_of(run)
        with self._reading() as connection:
            row = connection.execute(
                select(_file.type, _file.data).where(_file.rid == rid, _file.digest == digest)
            ).first()
        if row is None or row.type not in formats.ALL:
            return None
        if row.data is not None:
            return FileData(row.type, row.data)
        try:
            return FileData(row.type, self._blobs.read(digest, run))
        except FileNotFoundError as error:
            raise BlobMissing(digest) from error

    def rows(self, run: str, digest: str, first: int, limit: int) -> MediaRows | None:
        """Return rows of a table; None if the run has no such table.

        Raises:
            BlobMissing: It is on its way, or was lost.
        """
        decoded = self._decoded(run, digest, formats.TABLE, _decode_table)
        if decoded is None:
            return None
        columns, table = decoded
        rows = [[shown(cell) for cell in row] for row in table[first : first + limit]]
        return MediaRows(columns=columns, rows=rows, first=first, total=len(table))

    def confusion(self, run: str, digest: str) -> resources.Confusion | None:
        """Return a confusion matrix; None if the run has no such.

        Raises:
            BlobMissing: It is on its way, or was lost.
        """
        matrix = self._decoded(run, digest, formats.CONFUSION, evaluation.confusion_of)
        if matrix is None:
            return None
        return resources.Confusion(
            labels=matrix.labels, columns=matrix.columns, counts=matrix.counts
        )

    def curves(self, run: str, digest: str) -> resources.Curves | None:
        """Return ROC or PR curves; None if the run has no such.

        Raises:
            BlobMissing: They are on their way, or were lost.
        """
        curves = self._decoded(run, digest, formats.CURVES, evaluation.curves_of)
        if curves is None:
            return None
        return resources.Curves(curves=[drawn(curve) for curve in curves])

    def _decoded(
        self, run: str, digest: str, kind: str, decode: Callable[[bytes], _Decoded]
    ) -> _Decoded | None:
        """Return what a file of this *kind* holds; None if the run has no such, or it is none.

        Raises:
            BlobMissing: It is on its way, or was lost.
        """
        found = self.file(run, digest)
        if found is None or found.type != kind:
            return None
        try:
            return decode(found.data)
        except msgspec.DecodeError:
            return None

    def _record(self, connection: Connection, run: str, keys: list[_Key]) -> MediaRecord:
        """Return what a name shows at one step, all ranks together."""
        rid = rid_of(run)
        items: list[records.MediaItem] = []
        for key in keys:
            items += _decode(
                connection.execute(
                    select(_media.body).where(
                        _media.rid == rid,
                        _media.stream_no == key.stream_no,
                        _media.seq == key.seq,
                    )
                ).scalar_one()
            )
        items = items[:MEDIA_ITEMS_MAX]
        here = self._here(connection, run, {f.sha256 for item in items for f in files(item)})
        return MediaRecord(
            name=keys[0].name,
            step=keys[0].step,
            time_ns=keys[-1].time_ns,
            items=[described(item, here) for item in items],
        )

    def _here(self, connection: Connection, run: str, digests: Iterable[str]) -> set[str]:
        """Return those of *digests* whose bytes can be read."""
        rid, found = rid_of(run), set[str]()
        for some in some_of(digests):
            inline = select(_file.digest).where(
                _file.rid == rid, _file.digest.in_(some), _file.data.is_not(None)
            )
            found |= set(connection.execute(inline).scalars())
            others = (digest for digest in some if digest not in found)
            found |= {digest for digest in others if self._blobs.is_readable(digest, run)}
        return found


def count(connection: Connection, rid: int) -> int:
    """Return how many records of media a run has."""
    found = select(func.count()).select_from(schema.media).where(_media.rid == rid)
    return int(connection.execute(found).scalar_one())


def named(connection: Connection, *, heard_since_ns: int | None = None) -> set[str]:
    """Return every blob that media name: of all runs, or of those heard of since."""
    query = select(_file.digest).where(_file.data.is_(None)).distinct()
    if heard_since_ns is not None:
        run = schema.run.c
        query = query.join(schema.run, run.rid == _file.rid).where(run.heard_ns >= heard_since_ns)
    return set(connection.execute(query).scalars())


class _Key(NamedTuple):
    """Which row, and where it stands."""

    stream_no: int
    seq: int
    step: int
    time_ns: int
    name: str


def _newest(connection: Connection, rid: int, end: int, prefix: str) -> dict[str, list[_Key]]:
    """Return by name the rows of its last step up to *end*."""
    lineage = Lineage.load(connection, rid)
    newest: dict[str, list[_Key]] = {}
    if lineage.rewinds or len(set(lineage.attempts.values())) > 1:
        for key in _current(connection, rid, end=end, prefix=prefix):
            at = newest.setdefault(key.name, [])
            if at and at[0].step != key.step:
                at.clear()
            at.append(key)
        return newest
    # Nothing was gone over again: the index knows, however many steps there are.
    last = func.max(_media.step).label("step")
    steps = select(_media.name, last).where(_media.rid == rid, _media.step <= end)
    for row in connection.execute(steps.group_by(_media.name)).all():
        if row.name.startswith(prefix):
            at_step = _KEYS.where(
                _media.rid == rid, _media.name == row.name, _media.step == row.step
            )
            # Sorted here: asked to, SQLite walks all of the run by its key instead.
            newest[row.name] = sorted(_Key(*found) for found in connection.execute(at_step))
    return newest


def _current(
    connection: Connection,
    rid: int,
    *,
    start: int | None = None,
    end: int | None = None,
    name: str | None = None,
    prefix: str = "",
) -> Iterator[_Key]:
    """Yield the keys of rows by step, without those that were gone over again."""
    wanted = _KEYS.where(_media.rid == rid)
    if name is not None:
        wanted = wanted.where(_media.name == name)
    order = wanted.order_by(_media.step, _media.stream_no, _media.seq)
    rows = [_Key(*row) for row in connection.execute(order) if row.name.startswith(prefix)]
    lineage = Lineage.load(connection, rid)
    firsts: dict[str, dict[int, int]] = {}
    for row in rows:
        firsts.setdefault(row.name, {}).setdefault(row.stream_no, row.step)  # the lowest: by step
    cuts = {each: lineage.cuts(found) for each, found in firsts.items()}
    low = INT64_MIN if start is None else start
    high = INT64_MAX if end is None else end
    for row in rows:
        if not low <= row.step <= high:
            continue
        epoch = sum(seq < row.seq for seq, _ in lineage.rewinds.get(row.stream_no, []))
        if row.step < cuts[row.name].get((row.stream_no, epoch), math.inf):
            yield row


def _has_run(connection: Connection, rid: int) -> bool:
    run = schema.run.c
    return connection.execute(select(run.rid).where(run.rid == rid)).first() is not None


def _added(one: MediaKey, other: MediaKey) -> MediaKey:
    """Return what two keys of one name amount to."""
    return MediaKey(
        name=one.name,
        kinds=list(dict.fromkeys((*one.kinds, *other.kinds))),
        records=one.records + other.records,
        items=one.items + other.items,
        first_step=min(one.first_step, other.first_step),
        last_step=max(one.last_step, other.last_step),
    )
