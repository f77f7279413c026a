"""Arguments of `init` that cannot be used are replaced: a typo must not stop a training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from typing import get_args

from mltrack_core import _names
from mltrack_core import _values
from mltrack_core import limits
from mltrack_core._guard import Guard
from mltrack_core._settings import Checkpoints
from mltrack_core.errors import NameInvalid
from mltrack_core.errors import SettingInvalid
from mltrack_core.spool import layout

ConsoleCapture = Literal["python", "fd", "off"]


class Choices:
    """Makes of each argument something that can be used.

    Args:
        guard: Books what had to be replaced, and raises it instead where it is strict.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def name(self, kind: str, name: str | None, default: str, characters_max: int) -> str:
        """Return *name*, or what can be shown of it; *default* where nothing is left."""
        if not name:
            return default
        try:
            return _values.check_name(kind, name, characters_max)
        except NameInvalid as error:
            self._guard.caught(f"init({kind})", error)
            printable = "".join(c if c.isprintable() else "_" for c in str(name)).strip()
            return printable[:characters_max] or default

    def text(self, value: object) -> str:
        """Return *value* as text; None is none."""
        return "" if value is None else str(value)

    def tags(self, tags: Sequence[str] | None) -> list[str]:
        """Return the words among *tags*; one word alone is a list of one."""
        try:
            words = [tags] if isinstance(tags, str) else list(tags or ())
        except TypeError as error:
            self._guard.caught("init(tags)", error)
            return []
        return [self.name("tag", word, "", 256) for word in words[: limits.TAGS_MAX] if word]

    def run_id(self, run_id: str) -> str:
        """Return *run_id* without dashes, or a new one."""
        if not run_id:
            return _names.new_id()
        plain = str(run_id).replace("-", "").lower()
        if layout.is_id(plain):
            return plain
        reason = "an id is 32 hexadecimal digits; name= takes any text"
        self._guard.caught("init(id)", SettingInvalid("id", run_id, reason))
        return _names.new_id()

    def console(self, console: ConsoleCapture) -> ConsoleCapture:
        """Return which capture to use."""
        if console in get_args(ConsoleCapture):
            return console
        reason = "use python, fd or off"
        self._guard.caught("init(console)", SettingInvalid("console", console, reason))
        return "python"

    def checkpoints(self, checkpoints: Checkpoints | None, default: Checkpoints) -> Checkpoints:
        """Return of which checkpoints the bytes are kept; None is *default*."""
        if checkpoints is None or checkpoints in get_args(Checkpoints):
            return checkpoints or default
        reason = "use off, best, last or all"
        self._guard.caught("init(checkpoints)", SettingInvalid("checkpoints", checkpoints, reason))
        return default
