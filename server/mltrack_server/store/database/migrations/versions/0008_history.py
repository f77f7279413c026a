"""Which history revisions count in: another one once a backup was restored."""

import os

import sqlalchemy as sa
from alembic import op

from mltrack_server.store.database.text import Text

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Apply this step."""
    with op.batch_alter_table("revision") as table:
        table.add_column(sa.Column("history", Text, nullable=False, server_default=""))
    # From now on the row is always there.
    op.execute(
        "INSERT INTO revision (no, rev, history) "
        "SELECT 1, 0, '' WHERE NOT EXISTS (SELECT no FROM revision)"
    )
    op.execute(sa.text("UPDATE revision SET history = :made").bindparams(made=os.urandom(8).hex()))
