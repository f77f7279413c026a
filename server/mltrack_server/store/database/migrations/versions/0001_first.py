"""The first schema, as it was when this step was written; schema.py says what things mean."""

import sqlalchemy as sa
from alembic import op

from mltrack_server.store.database.text import Text

revision = "0001"
down_revision = None

metadata = sa.MetaData()

sa.Table(
    "revision",
    metadata,
    sa.Column("no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("rev", sa.BigInteger, nullable=False),
)
sa.Table(
    "project",
    metadata,
    sa.Column("name", Text, primary_key=True, autoincrement=False),
    sa.Column("created_ns", sa.BigInteger, nullable=False),
)
sa.Table(
    "run",
    metadata,
    sa.Column("rid", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("uid", Text, nullable=False, unique=True),
    sa.Column("project", Text, nullable=False),
    sa.Column("name", Text, nullable=False),
    sa.Column("state", Text, nullable=False),
    sa.Column("reason", Text, nullable=False),
    sa.Column("exit_code", sa.Integer, nullable=True),
    sa.Column("signal", sa.Integer, nullable=True),
    sa.Column("traceback", Text, nullable=False),
    sa.Column("started_ns", sa.BigInteger, nullable=False),
    sa.Column("ended_ns", sa.BigInteger, nullable=True),
    sa.Column("heard_ns", sa.BigInteger, nullable=False),
    sa.Column("user", Text, nullable=False),
    sa.Column("host", Text, nullable=False),
    sa.Column("group", Text, nullable=False),
    sa.Column("tags", Text, nullable=False),
    sa.Column("parent", Text, nullable=False),
    sa.Column("command", Text, nullable=False),
    sa.Column("folder", Text, nullable=False),
    sa.Column("python", Text, nullable=False),
    sa.Column("mltrack", Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("rank", sa.Integer, nullable=False),
    sa.Column("records", sa.BigInteger, nullable=False),
    sa.Column("dropped", sa.BigInteger, nullable=False),
    sa.Column("console_lines", sa.BigInteger, nullable=False),
    sa.Column("last_step", sa.BigInteger, nullable=True),
    sa.Column("rev", sa.BigInteger, nullable=False),
    sa.Index("run_by_project", "project", "started_ns", "uid"),
    sa.Index("run_by_rev", "rev"),
    sa.Index("run_by_start", "started_ns", "uid"),
)
sa.Table(
    "stream",
    metadata,
    sa.Column("rid", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("uid", Text, nullable=False),
    sa.Column("role", Text, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("rank", sa.Integer, nullable=False),
    sa.Column("host", Text, nullable=False),
    sa.Column("pid", sa.BigInteger, nullable=False),
    sa.Column("started_ns", sa.BigInteger, nullable=False),
    sa.Column("next_seq", sa.BigInteger, nullable=False),
    sa.Column("is_sealed", sa.Boolean, nullable=False),
    sa.Index("stream_by_uid", "rid", "uid", unique=True),
)
sa.Table(
    "ending",
    metadata,
    sa.Column("rid", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("stream_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("about", Text, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)
sa.Table(
    "param",
    metadata,
    sa.Column("rid", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("namespace", Text, primary_key=True, autoincrement=False),
    sa.Column("key", Text, primary_key=True, autoincrement=False),
    sa.Column("value", Text, nullable=False),
)
sa.Table(
    "series",
    metadata,
    sa.Column("rid", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", Text, nullable=False),
    sa.Column("name", Text, nullable=False),
    sa.Column("points", sa.BigInteger, nullable=False),
    sa.Column("nonfinite", sa.BigInteger, nullable=False),
    sa.Column("first_nonfinite_step", sa.BigInteger, nullable=True),
    sa.Column("min", sa.Double, nullable=True),
    sa.Column("max", sa.Double, nullable=True),
    sa.Column("last", Text, nullable=False),
    sa.Column("last_step", sa.BigInteger, nullable=False),
    sa.Column("last_attempt", sa.Integer, nullable=False),
    sa.Index("series_by_name", "rid", "kind", "name", unique=True),
)
sa.Table(
    "seg",
    metadata,
    sa.Column("rid", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("stream_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("first_seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("next_seq", sa.BigInteger, nullable=False),
    sa.Column("salt", sa.BigInteger, nullable=False),
    sa.Column("received_ns", sa.BigInteger, nullable=False),
    sa.Column("points", sa.Integer, nullable=False),
    sa.Column("bytes", sa.Integer, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)
sa.Table(
    "chunk",
    metadata,
    sa.Column("rid", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("series_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("stream_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Column("step_min", sa.BigInteger, nullable=False),
    sa.Column("step_max", sa.BigInteger, nullable=False),
    sa.Column("time_min", sa.BigInteger, nullable=False),
    sa.Column("time_max", sa.BigInteger, nullable=False),
    sa.Column("axis", sa.LargeBinary, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Index("chunk_by_axis", "rid", "axis"),
)
sa.Table(
    "axis",
    metadata,
    sa.Column("rid", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("digest", sa.LargeBinary, primary_key=True, autoincrement=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)
sa.Table(
    "rewind",
    metadata,
    sa.Column("rid", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("stream_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("step", sa.BigInteger, nullable=False),
)
sa.Table(
    "console",
    metadata,
    sa.Column("rid", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("first", sa.BigInteger, nullable=False),
    sa.Column("last", sa.BigInteger, nullable=False),
    sa.Column("bytes", sa.Integer, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Index("console_by_line", "rid", "last"),
)
sa.Table(
    "partial",
    metadata,
    sa.Column("rid", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("stream_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("channel", Text, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)
sa.Table(
    "alert",
    metadata,
    sa.Column("rid", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("stream_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("time_ns", sa.BigInteger, nullable=False),
    sa.Column("level", Text, nullable=False),
    sa.Column("title", Text, nullable=False),
    sa.Column("text", Text, nullable=False),
    sa.Column("step", sa.BigInteger, nullable=True),
)
sa.Table(
    "note",
    metadata,
    sa.Column("rid", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("stream_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("time_ns", sa.BigInteger, nullable=False),
    sa.Column("text", Text, nullable=False),
    sa.Column("step", sa.BigInteger, nullable=True),
)
sa.Table(
    "loss",
    metadata,
    sa.Column("rid", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("reason", Text, primary_key=True, autoincrement=False),
    sa.Column("records", sa.BigInteger, nullable=False),
    sa.Column("kinds", Text, nullable=False),
)
sa.Table(
    "unread",
    metadata,
    sa.Column("rid", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("stream_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("type", sa.Integer, nullable=False),
    sa.Column("reason", Text, nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
)


def upgrade() -> None:
    """Apply this step."""
    metadata.create_all(op.get_bind())
