"""One run's rows while a transaction changes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from typing import Final
from typing import Self

from sqlalchemy import Connection
from sqlalchemy import bindparam
from sqlalchemy import delete
from sqlalchemy import insert
from sqlalchemy import select
from sqlalchemy import update

from mltrack_core import records
from mltrack_core.spool.frame import Frame
from mltrack_server.store import checkpoints
from mltrack_server.store import distributions
from mltrack_server.store import schema
from mltrack_server.store.bounds import LOST_MAX
from mltrack_server.store.bounds import REASONS_MAX
from mltrack_server.store.console import ConsoleWriter
from mltrack_server.store.files import writing as files
from mltrack_server.store.keys import rid_of
from mltrack_server.store.media.writing import MediaWriter
from mltrack_server.store.outcome import Process
from mltrack_server.store.outcome import resolve
from mltrack_server.store.points import SeriesKey
from mltrack_server.store.processes import encode_ending
from mltrack_server.store.processes import endings_of
from mltrack_server.store.streams import StreamRow
from mltrack_server.store.streams import add_streams
from mltrack_server.store.streams import bound
from mltrack_server.store.streams import move_streams
from mltrack_server.store.streams import streams_of

_OTHER_REASONS: Final = "other reasons"
_RANK_UNKNOWN: Final = 1 << 30  # facts that an agent or a child gave, until a trainer's arrive

# Statements are made once: making one takes longer than SQLite needs for its rows.
_RUN: Final = select(schema.run).where(schema.run.c.rid == bindparam("b_rid"))
_PROJECT: Final = select(schema.project.c.name).where(schema.project.c.name == bindparam("b_name"))
_ADD_PROJECT: Final = insert(schema.project)
_ADD_RUN: Final = insert(schema.run)
_UPDATE_RUN: Final = (
    update(schema.run)
    .where(schema.run.c.rid == bindparam("b_rid"))
    .values(
        {
            column.name: bindparam(f"b_{column.name}")
            for column in schema.run.columns
            if not column.primary_key
        }
    )
)


class RunLedger:
    """Gathers what one transaction changes of one run. `load` or `create` makes it."""

    def __init__(
        self, connection: Connection, row: dict[str, Any], streams: list[StreamRow], is_new: bool
    ) -> None:
        self._connection, self._row, self._is_new = connection, row, is_new
        self.uid: str = row["uid"]
        self.rid: int = row["rid"]
        self.rev: int = row["rev"]  # of its last change before this one
        self.records: int = row["records"]
        self.heard_ns: int = row["heard_ns"]
        self.last_step: int | None = row["last_step"]
        self.streams = {stream.uid: stream for stream in streams}
        self.new_series: dict[SeriesKey, int] = {}
        self.is_changed = False
        self._new_streams: set[str] = set()
        self._changed_streams: set[str] = set()
        self._losses: dict[str, dict[str, int]] = {}
        self._params: dict[tuple[str, str], str] = {}
        self._console: ConsoleWriter | None = None
        self._media: MediaWriter | None = None
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._is_resolved = True

    @classmethod
    def load(cls, connection: Connection, uid: str) -> Self | None:
        """Return the ledger of a run in the store; None if there is no such run."""
        rid = rid_of(uid)
        row = connection.execute(_RUN, {"b_rid": rid}).first()
        if row is None:
            return None
        return cls(connection, dict(row._mapping), streams_of(connection, rid), is_new=False)

    @classmethod
    def create(cls, connection: Connection, uid: str, now_ns: int) -> Self:
        """Return the ledger of a run that is not in the store yet."""
        row: dict[str, Any] = {column.name: "" for column in schema.run.columns}
        absent = ("exit_code", "signal", "ended_ns", "last_step", "deleted_ns", "purged_ns")
        row |= dict.fromkeys(absent)
        row |= dict.fromkeys(("attempts", "records", "dropped", "console_lines"), 0)
        row |= dict.fromkeys(("heard_ns", "rev"), 0)
        row |= {
            "rid": rid_of(uid),
            "uid": uid,
            "project": "default",
            "name": uid[:8],
            "state": "running",
            "started_ns": now_ns,
            "tags": "[]",
            "edits": "{}",
            "archived": False,
            "command": "[]",
            "rank": _RANK_UNKNOWN,
        }
        return cls(connection, row, [], is_new=True)

    def add_stream(self, uid: str, now_ns: int) -> StreamRow:
        """Return the row of a stream that is not in the store yet."""
        stream = StreamRow(rid=self.rid, no=len(self.streams), uid=uid, started_ns=now_ns)
        self.streams[uid] = stream
        self._new_streams.add(uid)
        self._row["attempts"] = max(self._row["attempts"], 1)
        return stream

    def advance(self, stream: StreamRow, records: int) -> None:
        """Move the stream's mark on by so many records."""
        stream.next_seq += records
        self.records += records
        self._changed_streams.add(stream.uid)
        self.is_changed = True

    def add_unread(self, stream: StreamRow, found: Frame, reason: str) -> None:
        """Keep a record that this version makes nothing of."""
        self._add(
            "unread", stream, found.seq, type=found.number, reason=reason, payload=found.payload
        )

    def count_loss(self, reason: str, kinds: Mapping[str, int]) -> None:
        """Count records as lost."""
        self.is_changed = True
        mine = self._losses.setdefault(reason, {})
        for kind, count in kinds.items():
            mine[kind] = mine.get(kind, 0) + count

    def has_loss(self, reason: str) -> bool:
        """Tell whether a loss has been counted for *reason*."""
        loss = schema.loss
        return reason in self._losses or bool(
            self._connection.execute(
                select(loss.c.records).where(loss.c.rid == self.rid, loss.c.reason == reason)
            ).first()
        )

    def take(self, stream: StreamRow, seq: int, record: records.Record) -> None:
        """Take a record that holds no points."""
        match record:
            case records.Console():
                if self._console is None:
                    lines = self._row["console_lines"]
                    self._console = ConsoleWriter(self._connection, self.rid, lines)
                self._console.add(stream.no, stream.rank, record)
            case records.Params():
                for key, value in record.values.items():
                    self._params[record.namespace, key] = json.dumps(value, ensure_ascii=False)
            case records.RunStarted():
                self._start(stream, seq, record)
            case records.RunEnded():
                about = record.stream or stream.uid
                self._add("ending", stream, seq, about=about, body=encode_ending(record))
                self._is_resolved = False
            case records.Gap():
                self.count_loss(record.reason, record.kinds)
            case records.Rewind():
                self._add("rewind", stream, seq, step=record.step)
            case records.Alert():
                self._add(
                    "alert",
                    stream,
                    seq,
                    time_ns=record.time_ns,
                    level=record.level,
                    title=record.title,
                    text=record.text,
                    step=record.step,
                    kind=record.kind,
                )
            case records.Histograms():
                self._add(
                    "histogram",
                    stream,
                    seq,
                    time_ns=record.time_ns,
                    step=record.step,
                    body=distributions.pack(record.values),
                )
            case records.Media():
                self._media = self._media or MediaWriter(self._connection, self.rid)
                self._add("media", stream, seq, **self._media.add(record))
            case records.Note():
                self._add_note(stream, seq, record)
            case records.Checkpoint() | records.Artifact():
                table, columns = checkpoints.row_of(record)
                self._add(table, stream, seq, **columns)
                if isinstance(record, records.Artifact):
                    self._add_digests(stream, seq, record)
            case records.File():
                self._add("file", stream, seq, **files.row_of(record))
                self._add_digests(stream, seq, record)
            case records.Seal():
                stream.is_sealed = True

    def flush(self, rev: int, now_ns: int) -> None:
        """Write everything, the run's row stamped with *rev*."""
        for table, rows in self._rows.items():
            self._connection.execute(insert(schema.metadata.tables[table]), rows)
        new, moved = self._new_streams, self._changed_streams - self._new_streams
        add_streams(self._connection, [self.streams[uid] for uid in new])
        move_streams(self._connection, [self.streams[uid] for uid in moved])
        self._flush_params()
        if self._losses:
            self._flush_losses()
        if self._console is not None:
            self._console.flush()
            self._row["console_lines"] = self._console.total
        if self._media is not None:
            self._media.flush()
        if not self._is_resolved:
            self._resolve()
        self._row |= {
            "records": self.records,
            "last_step": self.last_step,
            "heard_ns": self.heard_ns,
            "rev": rev,
        }
        self._flush_run(now_ns)

    def _add(self, table: str, stream: StreamRow, seq: int, **columns: object) -> None:
        """Remember a row of *table* whose key is the record's."""
        row = {"rid": self.rid, "stream_no": stream.no, "seq": seq, **columns}
        self._rows.setdefault(table, []).append(row)

    def _add_note(self, stream: StreamRow, seq: int, record: records.Note) -> None:
        """Remember a remark."""
        self._add("note", stream, seq, time_ns=record.time_ns, text=record.text, step=record.step)

    def _add_digests(
        self, stream: StreamRow, seq: int, record: records.Artifact | records.File
    ) -> None:
        """Remember which bytes *record* tells of."""
        for columns in files.digests_of(record):
            self._add("digest", stream, seq, **columns)

    def _start(self, stream: StreamRow, seq: int, record: records.RunStarted) -> None:
        """Take what a stream says of itself and its run."""
        stream.role, stream.attempt, stream.rank = record.role, record.attempt, record.rank
        stream.host, stream.pid, stream.started_ns = record.host, record.pid, record.time_ns
        self._is_resolved = False
        row = self._row
        row["attempts"] = max(row["attempts"], record.attempt)
        is_trainer = record.role in ("trainer", "door")
        rank = record.rank if is_trainer else _RANK_UNKNOWN
        is_first = row["rank"] == _RANK_UNKNOWN
        if is_trainer or is_first:
            earlier = record.time_ns if is_first else min(row["started_ns"], record.time_ns)
            row["started_ns"] = earlier
        if rank > row["rank"]:
            return
        # A resumed attempt says where it runs; what the run is called, the first one has said.
        if rank < row["rank"] or record.attempt == 1 or is_first:
            row |= {
                "project": record.project,
                "name": record.name,
                "group": record.group,
                "tags": json.dumps(record.tags, ensure_ascii=False),
                "notes": record.notes,
                "parent": record.parent,
            }
        row |= {
            "rank": rank,
            "host": record.host,
            "user": record.user,
            "folder": record.folder,
            "python": record.python,
            "mltrack": record.mltrack,
            "command": json.dumps(record.command, ensure_ascii=False),
        }
        if record.notes and is_trainer and record.attempt == 1:
            self._add_note(stream, seq, records.Note(record.time_ns, record.notes))

    def _resolve(self) -> None:
        """Work out the run's state from everything that is known of its processes."""
        processes = [
            Process(
                no=stream.no,
                uid=stream.uid,
                role=stream.role,
                # A stream whose first record was damaged may be anybody's, an agent's too: it
                # decides where there is no other.
                attempt=stream.attempt if stream.host or stream.role == "door" else 0,
                rank=stream.rank,
                started_ns=stream.started_ns,
            )
            for stream in self.streams.values()
        ]
        outcome = resolve(processes, endings_of(self._connection, self.rid))
        self._row |= {
            "state": outcome.state,
            "reason": outcome.reason,
            "exit_code": outcome.exit_code,
            "signal": outcome.signal,
            "traceback": outcome.traceback,
            "ended_ns": outcome.ended_ns,
        }

    def _flush_params(self) -> None:
        """Write the parameters' last word."""
        if not self._params:
            return
        param = schema.param
        rows = [
            {"rid": self.rid, "namespace": namespace, "key": key, "value": value}
            for (namespace, key), value in self._params.items()
        ]
        if not self._is_new:
            self._connection.execute(
                delete(param).where(
                    param.c.rid == bindparam("rid"),
                    param.c.namespace == bindparam("namespace"),
                    param.c.key == bindparam("key"),
                ),
                rows,
            )
        self._connection.execute(insert(param), rows)

    def _flush_losses(self) -> None:
        """Add the losses to those counted before."""
        loss = schema.loss
        stored = {
            row.reason: json.loads(row.kinds)
            for row in self._connection.execute(select(loss).where(loss.c.rid == self.rid))
        }
        for reason, kinds in self._losses.items():
            is_one_too_many = reason not in stored and len(stored) >= REASONS_MAX
            total = stored.setdefault(_OTHER_REASONS if is_one_too_many else reason, {})
            for kind, count in kinds.items():
                total[kind] = min(LOST_MAX, total.get(kind, 0) + count)
        rows = [
            {
                "rid": self.rid,
                "reason": reason,
                "records": sum(kinds.values()),
                "kinds": json.dumps(kinds, ensure_ascii=False),
            }
            for reason, kinds in stored.items()
        ]
        self._row["dropped"] = sum(sum(kinds.values()) for kinds in stored.values())
        self._connection.execute(delete(loss).where(loss.c.rid == self.rid))
        self._connection.execute(insert(loss), rows)

    def _flush_run(self, now_ns: int) -> None:
        """Write the run's row, and its project's if that is new."""
        name = self._row["project"]
        if not self._connection.execute(_PROJECT, {"b_name": name}).first():
            self._connection.execute(_ADD_PROJECT, {"name": name, "created_ns": now_ns})
        if self._is_new:
            self._connection.execute(_ADD_RUN, self._row)
        else:
            self._connection.execute(_UPDATE_RUN, bound(self._row))
