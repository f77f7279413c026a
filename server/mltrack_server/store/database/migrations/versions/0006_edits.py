"""What people change of a run: its name, tags and notes, and whether it is put away."""

import sqlalchemy as sa
from alembic import op

from mltrack_server.store.database.text import Text

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Apply this step."""
    with op.batch_alter_table("run") as run:
        run.add_column(sa.Column("notes", Text, nullable=False, server_default=""))
        run.add_column(sa.Column("edits", Text, nullable=False, server_default="{}"))
        run.add_column(sa.Column("archived", sa.Boolean, nullable=False, server_default=sa.false()))
    # Runs that are not put away are counted and listed from these alone.
    op.drop_index("run_by_project", "run")
    op.drop_index("run_by_start", "run")
    op.create_index("run_by_project", "run", ["project", "archived", "started_ns", "uid"])
    op.create_index("run_by_start", "run", ["archived", "started_ns", "uid"])
    # What a run was started with is its first remark, of its stream's first record.
    op.execute(
        "UPDATE run SET notes = COALESCE((SELECT note.text FROM note WHERE note.rid = run.rid "
        "AND note.seq = 0 ORDER BY note.stream_no LIMIT 1), '')"
    )
