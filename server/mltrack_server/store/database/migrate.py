"""Alembic, which brings a store of an older mltrack to this one's schema."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from mltrack_server.store.schema import VERSION_TABLE


def head() -> str | None:
    """Return the version that the last step leads to."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def upgrade(connection: Connection) -> bool:
    """Take every step that is missing, in the present transaction; False if that is not possible.

    It is not where the store's version is none that this mltrack knows.
    """
    config = _config()
    options = {"version_table": VERSION_TABLE}
    current = MigrationContext.configure(connection, opts=options).get_current_revision()
    steps = ScriptDirectory.from_config(config).walk_revisions()
    if current is not None and current not in {step.revision for step in steps}:
        return False
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return True


def _config() -> Config:
    """Return where the steps are."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
