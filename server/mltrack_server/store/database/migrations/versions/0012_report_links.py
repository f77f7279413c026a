"""Links by which a report is read without the token."""

import sqlalchemy as sa
from alembic import op

from mltrack_server.store.database.text import Text

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "report_link",
        sa.Column("uid", Text, primary_key=True),
        sa.Column("report", Text, nullable=False),
        sa.Column("key_sha256", Text, nullable=False, unique=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("author", Text, nullable=False),
        sa.Column("made_ns", sa.BigInteger, nullable=False),
        sa.Column("saved_ns", sa.BigInteger, nullable=False),
        sa.Column("page_bytes", sa.Integer, nullable=False),
        sa.Column("page", sa.LargeBinary, nullable=False),
    )
    op.create_index("report_link_by_report", "report_link", ["report"])
