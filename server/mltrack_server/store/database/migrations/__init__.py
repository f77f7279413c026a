"""Alembic: how a store of an older mltrack becomes one of this."""
