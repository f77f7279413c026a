"""Comments on the blocks of reports."""

import sqlalchemy as sa
from alembic import op

from mltrack_server.store.database.text import Text

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "report_comment",
        sa.Column("uid", Text, primary_key=True),
        sa.Column("report", Text, nullable=False),
        sa.Column("no", sa.Integer, nullable=False),
        sa.Column("block", Text, nullable=False),
        sa.Column("author", Text, nullable=False),
        sa.Column("text", Text, nullable=False),
        sa.Column("made_ns", sa.BigInteger, nullable=False),
        sa.Column("removed_ns", sa.BigInteger, nullable=True),
    )
    op.create_index("report_comment_by_report", "report_comment", ["report", "no"], unique=True)
    op.create_table(
        "report_thread",
        sa.Column("report", Text, primary_key=True),
        sa.Column("block", Text, primary_key=True),
        sa.Column("is_resolved", sa.Boolean, nullable=False),
        sa.Column("author", Text, nullable=False),
        sa.Column("marked_ns", sa.BigInteger, nullable=False),
    )
