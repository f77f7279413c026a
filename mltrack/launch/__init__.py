"""Trainings that say nothing of mltrack: `mltrack run` and `mltrack.autolog()`."""
