"""What processes of a run printed."""

from __future__ import annotations

from mltrack_core.records import Channel
from mltrack_server.resources.base import Resource


class ConsoleLine(Resource, frozen=True, kw_only=True):
    """One line that a process of the run printed."""

    number: int  # 0, 1, 2 … within the run, in the order of arrival
    time_ns: int
    channel: Channel
    rank: int
    text: str
    partial: bool  # a progress bar's present state; a later line with this number replaces it


class ConsolePage(Resource, frozen=True, kw_only=True):
    """Lines of a run's console, in the order of their numbers."""

    lines: list[ConsoleLine]
    total: int  # lines of the run


class ConsoleMatches(Resource, frozen=True, kw_only=True):
    """Lines of one part of a console that hold what was searched for, and where in them.

    Places count characters of the line without its escape sequences.
    """

    numbers: list[int]  # a line has one for each match in it, up to 20
    starts: list[int]
    ends: list[int]
    searched: int  # lines of this part
    total: int  # lines of the run
    next: int  # pass as `part` for the following one, or later for what has been printed since
    is_end: bool  # nothing follows now


class ConsolePlace(Resource, frozen=True, kw_only=True):
    """Where in a console a time is."""

    number: int | None  # of the last line printed by then, or of the first; None without any
