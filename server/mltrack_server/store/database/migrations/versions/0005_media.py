"""Images, sounds, texts and tables."""

import sqlalchemy as sa
from alembic import op

from mltrack_server.store.database.text import Text

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "media",
        sa.Column("rid", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("stream_no", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("time_ns", sa.BigInteger, nullable=False),
        sa.Column("step", sa.BigInteger, nullable=False),
        sa.Column("name", Text, nullable=False),
        sa.Column("kinds", Text, nullable=False),
        sa.Column("item_count", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Index("media_by_name", "rid", "name", "step"),
    )
    op.create_table(
        "media_file",
        sa.Column("rid", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("digest", Text, primary_key=True),
        sa.Column("type", Text, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=True),
    )
