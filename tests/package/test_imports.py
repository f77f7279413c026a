"""Who imports what, in the source; `.importlinter` checks the rest."""

import ast
import sys
from pathlib import Path

import mltrack_core

PACKAGE = Path(mltrack_core.__file__).parent


def imported_roots(*leave_out: str) -> set[str]:
    """Return the top-level names that core imports, lazily or not, some folders left out."""
    roots: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        if path.relative_to(PACKAGE).parts[0] in leave_out:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                roots |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                roots.add(node.module.partition(".")[0])
    return roots


def test_a_training_process_loads_msgspec_and_nothing_else() -> None:
    """The client half of core needs msgspec and the standard library; only the agent more."""
    roots = imported_roots("agent", "testing")

    assert roots <= sys.stdlib_module_names | {"mltrack_core", "msgspec"}
