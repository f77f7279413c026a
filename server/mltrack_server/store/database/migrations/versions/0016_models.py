"""The model registry."""

import sqlalchemy as sa
from alembic import op

from mltrack_server.store.database.text import Text

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "model",
        sa.Column("uid", Text, primary_key=True),
        sa.Column("project", Text, nullable=False),
        sa.Column("name", Text, nullable=False),
        sa.Column("versions", sa.Integer, nullable=False),
        sa.Column("card", sa.Integer, nullable=False),
        sa.Column("created_ns", sa.BigInteger, nullable=False),
        sa.Column("changed_ns", sa.BigInteger, nullable=False),
    )
    op.create_index("model_by_name", "model", ["project", "name"], unique=True)
    op.create_table(
        "model_version",
        sa.Column("uid", Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("run", Text, nullable=False),
        sa.Column("checkpoint", Text, nullable=False),
        sa.Column("step", sa.BigInteger, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("note", Text, nullable=False),
        sa.Column("author", Text, nullable=False),
        sa.Column("registered_ns", sa.BigInteger, nullable=False),
        sa.Column("deleted_ns", sa.BigInteger, nullable=True),
    )
    op.create_index("model_version_by_run", "model_version", ["run"])
    op.create_table(
        "model_alias",
        sa.Column("uid", Text, primary_key=True),
        sa.Column("alias", Text, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("author", Text, nullable=False),
        sa.Column("moved_ns", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "model_move",
        sa.Column("uid", Text, primary_key=True),
        sa.Column("no", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("alias", Text, nullable=False),
        sa.Column("version_before", sa.Integer, nullable=True),
        sa.Column("version", sa.Integer, nullable=True),
        sa.Column("author", Text, nullable=False),
        sa.Column("why", Text, nullable=False),
        sa.Column("moved_ns", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "model_card",
        sa.Column("uid", Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("author", Text, nullable=False),
        sa.Column("saved_ns", sa.BigInteger, nullable=False),
        sa.Column("body", Text, nullable=False),
    )
