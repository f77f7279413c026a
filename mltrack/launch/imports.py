"""The import hook: tells when a watched module has been imported, and changes nothing else.

Loaded at the start of every Python process of a `mltrack run`, so it imports almost nothing.
"""

from __future__ import annotations

import sys
from _thread import _local  # threading.local; threading itself would cost 2 ms

TYPE_CHECKING = False  # so would typing
if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Container
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType


class ImportHook:
    """A finder that lets the others find, and hears when a module has been executed.

    Modules, specs and loaders stay what they are: for as long as its module is executed a loader
    has an `exec_module` of its own, which calls the real one. Thread-safe.

    Args:
        names: The modules to watch; may change at any time.
        imported: Called with each of them, in the thread that imports it. Must not raise.
    """

    def __init__(self, names: Container[str], imported: Callable[[ModuleType], None]) -> None:
        self._names = names
        self._imported = imported
        # What this thread is looking for: other hooks ask all finders again, ourselves included.
        self._finding = _local()

    def install(self) -> None:
        """Listen, before all other finders."""
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def remove(self) -> None:
        """Listen no more."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return what the other finders find; None, as quick as can be, if nobody watches it."""
        if name not in self._names:
            return None
        finding: set[str] = self._finding.__dict__.setdefault("names", set())
        if name in finding:
            return None
        finding.add(name)
        try:
            spec = self._find(name, path, target)
        finally:
            finding.discard(name)
        if spec is not None:
            self._listen(name, spec.loader)
        return spec

    def _find(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        for finder in list(sys.meta_path):
            if finder is not self and hasattr(finder, "find_spec"):
                spec = finder.find_spec(name, path, target)
                if spec is not None:
                    return spec
        return None

    def _listen(self, name: str, loader: object) -> None:
        """Make *loader* tell when it has executed the module *name*."""
        # The loaders of built-in and frozen modules are classes, shared by all of them.
        if isinstance(loader, type) or not hasattr(loader, "__dict__"):
            return  # those with slots have no room for ours
        execute: Callable[[ModuleType], None] = loader.exec_module  # type: ignore[attr-defined]
        imported = self._imported

        def exec_module(module: ModuleType) -> None:
            execute(module)
            if module.__name__ == name:  # a zip file has one loader for all that is in it
                vars(loader).pop("exec_module", None)
                imported(module)

        # A traceback leaves out frames of the import system. This one is a part of it: an import
        # that fails must look as it would without us.
        exec_module.__code__ = exec_module.__code__.replace(
            co_filename="<frozen importlib._bootstrap>"
        )
        vars(loader)["exec_module"] = exec_module
