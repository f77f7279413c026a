"""Searching text: in bounded time, whatever is searched for."""
