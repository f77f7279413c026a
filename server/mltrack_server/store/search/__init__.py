"""How runs are found: the run table in memory, and what is asked of it."""
