"""Trainings without a line of mltrack: which loop it is, what it saves, what it writes."""
