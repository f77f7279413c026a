"""Models that are renamed and deleted."""

import sqlalchemy as sa
from alembic import op

from mltrack_server.store.database.text import Text

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Apply this step."""
    with op.batch_alter_table("model") as model:
        model.add_column(sa.Column("deleted_ns", sa.BigInteger, nullable=True))
    op.create_table(
        "model_rename",
        sa.Column("uid", Text, primary_key=True),
        sa.Column("no", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("project", Text, nullable=False),
        sa.Column("name_before", Text, nullable=False),
        sa.Column("name", Text, nullable=False),
        sa.Column("author", Text, nullable=False),
        sa.Column("renamed_ns", sa.BigInteger, nullable=False),
    )
    op.create_index("model_rename_by_name", "model_rename", ["project", "name_before"])
