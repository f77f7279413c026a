"""The store: every run's records, in SQL. Usable without a web server."""

from mltrack_server.store.apply import OldBatch
from mltrack_server.store.store import Store

__all__ = ["OldBatch", "Store"]
