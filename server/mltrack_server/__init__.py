"""The server: ingest, store, feed and the API, in one process or in many."""
