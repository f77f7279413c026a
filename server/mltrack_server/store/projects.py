"""Projects: what people want of their runs."""

from __future__ import annotations

from msgspec import UNSET

from mltrack_server.resources import ProjectRules
from mltrack_server.resources import RulesEdit
from mltrack_server.store import rules
from mltrack_server.store import runs
from mltrack_server.store.connected import Connected


class Projects(Connected):
    """The part of the store that keeps rules of projects."""

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
            metrics = before.metrics if change.metrics is UNSET else change.metrics
            after = rules.Body(metrics=metrics)
            rules.check(after)
            if after != before:
                rev = runs.next_rev(connection)
                rules.put(connection, change.project, after, self._clock_ns(), rev)
            found = rules.version(connection, change.project, None)
        assert found is not None, "the latest version is always there"
        return found
