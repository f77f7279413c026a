"""Formats of others, byte by byte: what `mltrack export` writes and `mltrack import` reads."""
