"""The tables. docs/format/store.md is generated from what is said here.

Portable SQL: 64-bit integers, doubles, text and bytes; what has no column type of its own is
JSON or msgpack. `rid` is the first key of every table that belongs to a run, so that a store can
be spread over machines by it. A double that may be NaN is never a column: SQLite has none.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger
from sqlalchemy import Boolean
from sqlalchemy import Double
from sqlalchemy import Index
from sqlalchemy import Integer
from sqlalchemy import LargeBinary
from sqlalchemy import Table

from mltrack_server.store.annotation_schema import annotation as annotation
from mltrack_server.store.database.column import column as _column
from mltrack_server.store.database.column import metadata as metadata
from mltrack_server.store.database.column import rid as _rid
from mltrack_server.store.database.column import seq as _seq
from mltrack_server.store.database.column import stream_no as _stream_no
from mltrack_server.store.database.text import Text
from mltrack_server.store.file_schema import digest as digest
from mltrack_server.store.file_schema import file as file
from mltrack_server.store.model_schema import model as model
from mltrack_server.store.model_schema import model_alias as model_alias
from mltrack_server.store.model_schema import model_card as model_card
from mltrack_server.store.model_schema import model_move as model_move
from mltrack_server.store.model_schema import model_rename as model_rename
from mltrack_server.store.model_schema import model_version as model_version
from mltrack_server.store.project_schema import dashboard as dashboard
from mltrack_server.store.project_schema import dashboard_version as dashboard_version
from mltrack_server.store.project_schema import project as project
from mltrack_server.store.project_schema import report_comment as report_comment
from mltrack_server.store.project_schema import report_link as report_link
from mltrack_server.store.project_schema import report_thread as report_thread
from mltrack_server.store.project_schema import revision as revision
from mltrack_server.store.project_schema import rule as rule
from mltrack_server.store.project_schema import wall as wall

VERSION: Final = "0020"  # of the schema: the last step in migrations/versions
VERSION_TABLE: Final = "mltrack_version"

run: Final = Table(
    "run",
    metadata,
    _column("rid", BigInteger, "63 bits of the SHA-256 of uid", key=True),
    _column("uid", Text, "The run's id, 32 hexadecimal digits", unique=True),
    _column("project", Text, "Its project's name"),
    _column("name", Text, "What people call it; not unique"),
    _column(
        "state", Text, "running, finished, failed, interrupted or killed; silent is not stored"
    ),
    _column("reason", Text, "How it ended, in plain words"),
    _column("exit_code", Integer, "Of the process, where one is known", optional=True),
    _column("signal", Integer, "That ended the process, if one did", optional=True),
    _column("traceback", Text, "Of the exception that ended it"),
    _column("started_ns", BigInteger, "By the clock of the first process"),
    _column("ended_ns", BigInteger, "By the clock of whoever said how it ended", optional=True),
    _column(
        "heard_ns", BigInteger, "When records last arrived, or were written to a spool read later"
    ),
    _column("user", Text, "Who ran it"),
    _column("host", Text, "Where rank 0 ran"),
    _column("group", Text, "Chosen by the user"),
    _column("tags", Text, "JSON array of text"),
    _column("notes", Text, "What it was started with"),
    _column(
        "edits",
        Text,
        "JSON object: name, tags, notes, group as a person put them since; these count",
    ),
    _column("archived", Boolean, "A person put it away; lists leave it out unless asked"),
    _column("deleted_ns", BigInteger, "When it was deleted; lists leave it out", optional=True),
    _column("purged_ns", BigInteger, "When its records were removed for good", optional=True),
    _column("parent", Text, "Id of the run that this one is a part of"),
    _column("command", Text, "JSON array: argv"),
    _column("folder", Text, "Working directory"),
    _column("python", Text, "Version"),
    _column("mltrack", Text, "Version of the client"),
    _column("attempts", Integer, "Highest attempt of its streams"),
    _column("rank", Integer, "Of the stream that the facts above are from"),
    _column("records", BigInteger, "Stored, of all streams"),
    _column("dropped", BigInteger, "Declared lost, see loss"),
    _column("console_lines", BigInteger, "Numbers given to console lines"),
    _column("last_step", BigInteger, "Highest step of any metric", optional=True),
    _column("rev", BigInteger, "Revision of its last change"),
    Index("run_by_project", "project", "archived", "started_ns", "uid"),
    Index("run_by_start", "archived", "started_ns", "uid"),
    Index("run_by_rev", "rev"),
    comment="Runs, and what a list of them shows",
)

stream: Final = Table(
    "stream",
    metadata,
    _rid(),
    _column("no", Integer, "0, 1, 2 … within the run, by arrival", key=True),
    _column("uid", Text, "The stream's id, 32 hexadecimal digits"),
    _column("role", Text, "trainer, child, agent or door"),
    _column("attempt", Integer, "1, then one more each time the run is resumed"),
    _column("rank", Integer, "Of the process among all of the run"),
    _column("host", Text, "Where it runs"),
    _column("pid", BigInteger, "Of the process"),
    _column("started_ns", BigInteger, "By its own clock"),
    _column("next_seq", BigInteger, "Records stored: everything before it is durable"),
    _column("is_sealed", Boolean, "It was closed in good order; nothing follows"),
    Index("stream_by_uid", "rid", "uid", unique=True),
    comment="Streams: one process's records of a run each",
)

ending: Final = Table(
    "ending",
    metadata,
    _rid(),
    _stream_no(),
    _seq(),
    _column("about", Text, "Id of the stream whose end this is"),
    _column("body", LargeBinary, "The RunEnded record, msgpack"),
    comment="How streams ended, each as its own process or its agent saw it",
)

param: Final = Table(
    "param",
    metadata,
    _rid(),
    _column("namespace", Text, "Empty for the user's own", key=True),
    _column("key", Text, "Nested ones flat: optimizer.lr", key=True),
    _column("value", Text, "JSON, with NaN and ±Infinity as Python's json writes them"),
    comment="Parameters and facts, the last word on each",
)

series: Final = Table(
    "series",
    metadata,
    _rid(),
    _column("no", Integer, "0, 1, 2 … within the run, by arrival", key=True),
    _column("kind", Text, "metric, device, or axis: epoch, batch, samples, tokens of each record"),
    _column("name", Text, "As logged; a device of another host than rank 0's has @host behind it"),
    _column("points", BigInteger, "How many, non-finite ones included"),
    _column("nonfinite", BigInteger, "Points that are NaN or infinite"),
    _column("first_nonfinite_step", BigInteger, "Where the first of them is", optional=True),
    _column("min", Double, "Of the finite values", optional=True),
    _column("max", Double, "Of the finite values", optional=True),
    _column("last", Text, "Newest value of the newest attempt, exact, as JSON; may be NaN"),
    _column("last_step", BigInteger, "Its step"),
    _column("last_attempt", Integer, "Its stream's attempt"),
    Index("series_by_name", "rid", "kind", "name", unique=True),
    comment="Series and what each amounts to",
)

seg: Final = Table(
    "seg",
    metadata,
    _rid(),
    _stream_no(),
    _column("first_seq", BigInteger, "Of its first frame", key=True),
    _column("next_seq", BigInteger, "Of the frame after its last"),
    _column("salt", BigInteger, "Of its frames' checksums"),
    _column("received_ns", BigInteger, "By the server's clock"),
    _column("points", Integer, "In its Scalars and Devices records"),
    _column("bytes", Integer, "Length of body"),
    _column("body", LargeBinary, "Frames as received, see docs/format/spool.md"),
    comment="Points that have not been folded into chunks yet; only batches that hold points",
)

chunk: Final = Table(
    "chunk",
    metadata,
    _rid(),
    _column("series_no", Integer, "The series", key=True),
    _stream_no(),
    _column("no", Integer, "Ascending with the points' seq; not without holes", key=True),
    _column("epoch", Integer, "How many Rewind records of the stream came before its points"),
    _column("n", Integer, "Points, at most 16384"),
    _column("step_min", BigInteger, "Lowest step"),
    _column("step_max", BigInteger, "Highest step"),
    _column("time_min", BigInteger, "Earliest time, ns"),
    _column("time_max", BigInteger, "Latest time, ns"),
    _column("axis", LargeBinary, "Digest of the steps and times, in table axis"),
    _column("body", LargeBinary, "The values, in the order of logging; see store/chunk.py"),
    Index("chunk_by_axis", "rid", "axis"),
    Index("chunk_by_size", "rid", "series_no", "n"),
    comment="Points of one series and stream, compressed",
)

axis: Final = Table(
    "axis",
    metadata,
    _rid(),
    _column("digest", LargeBinary, "First 16 bytes of the SHA-256 of body", key=True),
    _column("body", LargeBinary, "Of points, see store/chunk.py, or buckets, see store/tier.py"),
    comment="Steps and times, once for all series that were logged together",
)

tier: Final = Table(
    "tier",
    metadata,
    _rid(),
    _column("series_no", Integer, "The series", key=True),
    _stream_no(),
    _column("level", Integer, "1 to 5: of 64, 512, 4096, 32768, 262144 points a bucket", key=True),
    _column("no", Integer, "That of the first chunk that it is about", key=True),
    _column("epoch", Integer, "As in chunk"),
    _column("n", BigInteger, "Points; as many full chunks follow the first one as they fill"),
    _column("step_min", BigInteger, "Lowest step"),
    _column("step_max", BigInteger, "Highest step"),
    _column("time_min", BigInteger, "Earliest time, ns"),
    _column("time_max", BigInteger, "Latest time, ns"),
    _column("axis", LargeBinary, "Digest of the buckets' steps and times, in table axis"),
    _column("body", LargeBinary, "At most 256 buckets, in the order of logging; see store/tier.py"),
    Index("tier_by_axis", "rid", "axis"),
    Index("tier_by_level", "rid", "series_no", "level"),
    comment="Series from further away: every full chunk is in a row of each level",
)

remnant: Final = Table(
    "remnant",
    metadata,
    _rid(),
    _column("series_no", Integer, "The series", key=True),
    _stream_no(),
    _column("no", Integer, "0, 1, 2 … by when it was made", key=True),
    _column("epoch", Integer, "As in chunk"),
    _column("n", BigInteger, "Points that it stands for"),
    _column("kept", Integer, "Points of these that are in it"),
    _column("step_min", BigInteger, "Lowest step"),
    _column("step_max", BigInteger, "Highest step"),
    _column("time_min", BigInteger, "Earliest time, ns"),
    _column("time_max", BigInteger, "Latest time, ns"),
    _column("axis", LargeBinary, "Digest of the kept points' steps and times, in table axis"),
    _column("body", LargeBinary, "Points kept, and buckets of all of them; see store/remnant.py"),
    Index("remnant_by_axis", "rid", "axis"),
    comment="What thinning left of a series and stream; its chunks and tiers are gone",
)

histogram: Final = Table(
    "histogram",
    metadata,
    _rid(),
    _stream_no(),
    _seq(),
    _column("time_ns", BigInteger, "By the writer's clock"),
    _column("step", BigInteger, "Where in the training"),
    _column("body", LargeBinary, "The record's values; see store/distributions.py"),
    Index("histogram_by_step", "rid", "step"),
    comment="Distributions of a run's weights, gradients and whatever else, one row a record",
)

rewind: Final = Table(
    "rewind",
    metadata,
    _rid(),
    _stream_no(),
    _seq(),
    _column("step", BigInteger, "What was said before of later steps is superseded"),
    comment="Returns to an earlier step",
)

console: Final = Table(
    "console",
    metadata,
    _rid(),
    _column("no", Integer, "0, 1, 2 … within the run", key=True),
    _column("first", BigInteger, "Lowest line number in it"),
    _column("last", BigInteger, "Highest line number in it"),
    _column("bytes", Integer, "Of its text, before compression"),
    _column("body", LargeBinary, "Lines, msgpack and zstd; see store/console.py"),
    Index("console_by_line", "rid", "last"),
    comment="Blocks of console lines",
)

partial: Final = Table(
    "partial",
    metadata,
    _rid(),
    _stream_no(),
    _column("channel", Text, "stdout or stderr", key=True),
    _column("number", BigInteger, "Line number that the next line of the channel takes over"),
    _column("body", LargeBinary, "The line, as in table console"),
    comment="Progress bars: the present state of each channel that ends in one",
)

alert: Final = Table(
    "alert",
    metadata,
    _rid(),
    _stream_no(),
    _seq(),
    _column("time_ns", BigInteger, "By the writer's clock"),
    _column("level", Text, "info, warning or error"),
    _column("title", Text, "One line"),
    _column("text", Text, "More, or nothing"),
    _column("step", BigInteger, "Where in the training", optional=True),
    _column("kind", Text, "Of a mark that mltrack made itself, see docs/health.md; else empty"),
    comment="Things that a person should see",
)

note: Final = Table(
    "note",
    metadata,
    _rid(),
    _stream_no(),
    _seq(),
    _column("time_ns", BigInteger, "By the writer's clock"),
    _column("text", Text, "The remark"),
    _column("step", BigInteger, "Where in the training", optional=True),
    comment="Remarks added to a run",
)

checkpoint: Final = Table(
    "checkpoint",
    metadata,
    _rid(),
    _stream_no(),
    _seq(),
    _column("uid", Text, "The checkpoint's id, 32 hexadecimal digits"),
    _column("time_ns", BigInteger, "By the writer's clock"),
    _column("step", BigInteger, "Where in the training"),
    _column("bytes", BigInteger, "Of all its files"),
    _column("body", LargeBinary, "The Checkpoint record, msgpack"),
    Index("checkpoint_by_uid", "rid", "uid"),
    comment="Checkpoints, as the process that wrote them saw them",
)

artifact: Final = Table(
    "artifact",
    metadata,
    _rid(),
    _stream_no(),
    _seq(),
    _column("about", Text, "Id of the checkpoint or file"),
    _column("time_ns", BigInteger, "By the writer's clock"),
    _column("removed_ns", BigInteger, "When retention let go of its blobs", optional=True),
    _column("body", LargeBinary, "The Artifact record, msgpack: hashes, and which blobs"),
    Index("artifact_by_about", "rid", "about"),
    comment="What became of files; the blobs that it names stay while it is here",
)

media: Final = Table(
    "media",
    metadata,
    _rid(),
    _stream_no(),
    _seq(),
    _column("time_ns", BigInteger, "By the writer's clock"),
    _column("step", BigInteger, "Where in the training"),
    _column("name", Text, "As logged"),
    _column("kinds", Text, "Of its items, each once, a comma between"),
    _column("item_count", Integer, "How many of these"),
    _column("body", LargeBinary, "The items, msgpack, without the bytes of their files"),
    Index("media_by_name", "rid", "name", "step"),
    comment="Images, sounds, texts and tables, one row a name and step",
)

media_file: Final = Table(
    "media_file",
    metadata,
    _rid(),
    _column("digest", Text, "SHA-256, 64 hexadecimal digits", key=True),
    _column("type", Text, "image/png …, as the record says"),
    _column("bytes", BigInteger, "How long it is"),
    _column("data", LargeBinary, "All of it, where it came in the record", optional=True),
    comment="Files that a run's media name; blobs without data here stay while they are named",
)

loss: Final = Table(
    "loss",
    metadata,
    _rid(),
    _column("reason", Text, "disk full, damaged in the spool, …", key=True),
    _column("records", BigInteger, "How many"),
    _column("kinds", Text, "JSON object: kind of record → how many"),
    comment="Records that could not be kept, counted",
)

unread: Final = Table(
    "unread",
    metadata,
    _rid(),
    _stream_no(),
    _seq(),
    _column("type", Integer, "The frame's type number"),
    _column("reason", Text, "Why nothing was made of it"),
    _column("payload", LargeBinary, "As received"),
    comment="Records that this version does not understand, kept for one that does",
)
