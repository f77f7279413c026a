"""Run by Alembic, with the connection of the store that is being opened."""

from alembic import context

from mltrack_server.store.schema import VERSION_TABLE
from mltrack_server.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
context.run_migrations()
