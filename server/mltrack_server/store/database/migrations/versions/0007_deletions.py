"""When a run was deleted, and when its records were removed for good."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Apply this step."""
    with op.batch_alter_table("run") as run:
        run.add_column(sa.Column("deleted_ns", sa.BigInteger, nullable=True))
        run.add_column(sa.Column("purged_ns", sa.BigInteger, nullable=True))
