"""The spool: the one log, written by trainers, read by agents and servers."""
