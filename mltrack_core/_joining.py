"""Which run an integration records: the user's, one that goes on, or a new one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mltrack_core import _session
from mltrack_core.tracker import Tracker

# Ids of the runs that integrations of this process began, and of those that another one's run has
# ended since. They tell a run of the user's, which everybody joins, from that of an integration.
_begun: set[str] = set()
_suspended: set[str] = set()
_parts: set[str] = set()  # those that an integration began as a part of another run


def join_run(
    given: Tracker | None,
    own: Tracker | None,
    options: Mapping[str, Any],
    *,
    is_training: bool,
    is_shared: bool = False,
) -> tuple[Tracker, bool]:
    """Return the run that an integration records, and whether an integration began it.

    Args:
        given: The run that the user passed.
        own: The run that this object of the integration recorded last.
        options: Arguments of `init` for a new run.
        is_training: A training gets a run of its own rather than that of another integration's
            object; an evaluation joins whatever is active.
        is_shared: Others join the run begun here as they join one of the user's: it records a loop
            of the user's own, of which taps further below see more.
    """
    if given is not None:
        return given, False
    active = _session.active_run()
    if own is not None and (not own.id or (active is not None and active.id == own.id)):
        return own, own.id in _begun
    if is_training and active is not None and active.id in _parts:
        active.finish()  # the last trial of a search, which is over
        active = _session.active_run()
    if active is not None and not (is_training and active.id in _begun):
        return active, False
    if own is not None and own.id in _suspended:
        options = {**options, "id": own.id}
    if active is not None:
        _suspended.add(active.id)
    _session.finish()
    run = _session.init(**options)
    if not is_shared:
        _begun.add(run.id)
    _suspended.discard(run.id)
    return run, True


def begin_part(whole: Tracker, options: Mapping[str, Any]) -> Tracker:
    """Begin a run that is a part of *whole*, which stays open: a trial of a search.

    An earlier part is finished first.

    Args:
        whole: As `join_run` returned it.
        options: Arguments of `init` for the new run.
    """
    run = _session.init(**{**options, "parent": whole.id})
    _begun.add(run.id)
    _parts.add(run.id)
    return run
