"""Upkeep: what a store gave back, and what was found damaged in it."""

from __future__ import annotations

from mltrack_server.resources.base import Request
from mltrack_server.resources.base import Resource


class Compacted(Resource, frozen=True, kw_only=True):
    """What became of a store that was made smaller."""

    path: str  # of its database, on the server's machine
    bytes_before: int  # of the database
    bytes_now: int
    blob_bytes_freed: int
    blob_bytes_later: int  # asked for within the hour, so they stay till then


class RepairRequest(Request, frozen=True, kw_only=True):
    """What to look at."""

    read_data: bool = False  # every byte, and compare every hash


class Damage(Resource, frozen=True, kw_only=True):
    """Something in a store that is not as it should be."""

    where: str
    what: str
    advice: str  # what a person can do
    is_due: bool  # no damage: it may still come by itself


class Repaired(Resource, frozen=True, kw_only=True):
    """What was found damaged, and what of it is left."""

    found: list[Damage]
    put_aside: str  # the folder on the server's machine where it lies now; "" if nothing was
    left: int  # problems that are still there
