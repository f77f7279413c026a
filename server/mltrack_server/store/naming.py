"""Names made of several records."""

from __future__ import annotations

from collections.abc import Mapping

from mltrack_core.records import ParamValue


def framework(facts: Mapping[str, ParamValue]) -> str:
    """Return e.g. "keras 3.15.1 (jax)" of the facts about a run's framework."""
    words = [str(facts[key]) for key in ("name", "version") if key in facts]
    backend = [f"({facts['backend']})"] if facts.get("backend") else []
    return " ".join(words + backend)
