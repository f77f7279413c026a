"""Projects: what people want of their runs, and how much of these is kept for how long."""

from __future__ import annotations

from mltrack_server.query.mask import holds
from mltrack_server.query.parser import parse
from mltrack_server.resources import ProjectRules
from mltrack_server.resources import RulesEdit
from mltrack_server.resources import ThinningPlan
from mltrack_server.store import rules
from mltrack_server.store import runs
from mltrack_server.store import thinning
from mltrack_server.store.database.engine import claim_fold
from mltrack_server.store.database.retrying import retried
from mltrack_server.store.keys import rid_of
from mltrack_server.store.overlap import cuts_of
from mltrack_server.store.rules import Body
from mltrack_server.store.search.front import Search
from mltrack_server.store.search.front import named


@retried
class Projects(Search):
    """The part of the store that keeps rules of projects, and thins what is old by them."""

    def rules(self, project: str, version: int | None = None) -> ProjectRules | None:
        """Return a version of a project's rules, the latest by default; None: there is none such.

        A project that nobody has set rules for has version 0 of them, which ask for nothing.
        """
        with self._reading() as connection:
            return rules.version(connection, project, version)

    def set_rules(self, change: RulesEdit) -> ProjectRules:
        """Change a project's rules; what *change* leaves out stays.

        Raises:
            RulesInvalid: They make no sense; nothing has changed.
            StoreFull: No write is possible for now; nothing has changed.
        """
        with self._write_lock, self._writing() as connection:
            before = rules.current(connection, change.project)
            after = rules.changed(before, change)
            if after != before:
                rev = runs.next_rev(connection)
                rules.put(connection, change.project, after, self._clock_ns(), rev)
            found = rules.version(connection, change.project, None)
        assert found is not None, "the latest version is always there"
        return found

    def preview_rules(self, change: RulesEdit) -> ThinningPlan:
        """Return what would be thinned today if a project's rules were changed so.

        Raises:
            RulesInvalid: They make no sense.
        """
        with self._reading() as connection:
            body = rules.changed(rules.current(connection, change.project), change)
        old = self._old(change.project, body)
        with self._reading() as connection:
            return thinning.preview(connection, old, body.detail)

    def due_to_thin(self) -> list[str]:
        """Return the ids of runs that are to be thinned now by their projects' rules."""
        with self._reading() as connection:
            found = rules.all_current(connection)
        due: list[str] = []
        for project, body in found.items():
            if body.detail != "full":
                old = self._old(project, body)
                with self._reading() as connection:
                    due += [r.uid for r in old if thinning.places(connection, r.rid, body.detail)]
        return due

    def thin(self, run: str) -> int:
        """Thin the long series of a run by the rules of its project; return how many points went.

        One series at a time, so that writers wait for none of them long; may be killed and goes on
        later. It is for runs that are `due_to_thin`, and cannot be undone.

        Raises:
            StoreFull: No write is possible for now; what is thinned already stays so.
        """
        rid, points = rid_of(run), 0
        with self._reading() as connection:
            detail = rules.of_run(connection, rid).detail
            places = thinning.places(connection, rid, detail)
        for place in places:
            with self._fold_lock, self._reading() as connection:
                if not claim_fold(connection, rid):
                    return points  # another server is at it
                cuts = cuts_of(connection, rid, place[0])
                plan = thinning.plan(connection, rid, place, detail, cuts)
                with self._write_lock, self._writing() as writing:
                    if plan.chunks and plan.is_current(writing):
                        plan.carry_out(writing, runs.next_rev(writing))
                        points += plan.points
        return points

    def _old(self, project: str, body: Body) -> list[thinning.Old]:
        """Return the runs of a project that are old enough and not to be kept whole."""
        with self._reading() as connection:
            old = thinning.old(connection, project, body.after_days, self._clock_ns())
        if not body.keep or not old:
            return old
        node = parse(body.keep)
        with self._table(project, {*named(node)}) as (table, frame):
            kept = set(table.rids[holds(node, frame)].tolist())
        return [run for run in old if run.rid not in kept]
