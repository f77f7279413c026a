"""The import hook: it hears of everything it watches, and nobody notices."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import threading
import zipfile
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from mltrack.launch.imports import ImportHook
from mltrack.launch.taps import Taps

Write = Callable[..., Path]

NAMES = [f"watched_{number}" for number in range(40)]


@pytest.fixture(autouse=True)
def _paths(tmp_path: Path) -> Iterator[None]:
    """What is written can be imported, and is forgotten afterwards."""
    sys.path.insert(0, str(tmp_path))
    yield
    sys.path.remove(str(tmp_path))
    importlib.invalidate_caches()
    for name in [name for name in sys.modules if name.startswith("watched")]:
        del sys.modules[name]


@pytest.fixture
def heard() -> Iterator[list[str]]:
    """Names of the watched modules, in the order in which they were executed."""
    names: list[str] = []
    hook = ImportHook({*NAMES, "watched"}, lambda module: names.append(module.__name__))
    hook.install()
    yield names
    hook.remove()


def test_a_module_is_heard_of_once_and_looks_as_ever(heard: list[str], write: Write) -> None:
    """Its loader and its source are those of the real finder."""
    write("value = 1", "watched.py")

    module = importlib.import_module("watched")
    import watched  # type: ignore[import-not-found]

    assert heard == ["watched"]
    assert watched is module
    assert type(module.__loader__).__name__ == "SourceFileLoader"
    assert "exec_module" not in vars(module.__loader__)
    assert inspect.getsource(module).strip() == "value = 1"


def test_a_reload_is_heard_of_too(heard: list[str], write: Write) -> None:
    """The functions that were wrapped are new ones then."""
    write("", "watched.py")
    module = importlib.import_module("watched")

    importlib.reload(module)

    assert heard == ["watched", "watched"]


def test_modules_of_a_zip_file_are_heard_of_each(heard: list[str], tmp_path: Path) -> None:
    """They share one loader."""
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("watched_1.py", "import watched_2")
        archive.writestr("watched_2.py", "")
    sys.path.insert(0, str(tmp_path / "all.zip"))

    importlib.import_module("watched_1")
    sys.path.pop(0)

    assert heard == ["watched_2", "watched_1"]


def test_a_search_without_an_import_is_nothing(heard: list[str], write: Write) -> None:
    """Frameworks look for optional packages all the time."""
    write("", "watched.py")

    assert importlib.util.find_spec("watched") is not None
    assert importlib.util.find_spec("watched_1") is None
    assert heard == []


def test_an_import_that_fails_fails_as_ever(heard: list[str], write: Write) -> None:
    """Same error, same traceback, and the next try is heard of."""
    write("1 / 0", "watched.py")

    with pytest.raises(ZeroDivisionError) as raised:
        importlib.import_module("watched")
    write("", "watched.py")
    importlib.import_module("watched")

    assert "mltrack" not in "".join(str(entry.path) for entry in raised.traceback)
    assert heard == ["watched"]


def test_another_hook_that_asks_all_finders_is_no_loop(heard: list[str], write: Write) -> None:
    """As those of other trackers do, before or behind us."""
    write("", "watched.py")

    class Other:
        asked = 0

        def find_spec(self, name: str, path: object, target: object = None) -> object:
            if name != "watched" or self.asked:
                return None
            self.asked += 1
            return importlib.util.find_spec(name)

    for index in (0, len(sys.meta_path)):
        other = Other()
        sys.meta_path.insert(index, other)  # type: ignore[arg-type]
        importlib.import_module("watched")
        sys.meta_path.remove(other)  # type: ignore[arg-type]
        del sys.modules["watched"]

    assert heard == ["watched", "watched"]


def test_imports_of_many_threads_are_all_heard_of_once(heard: list[str], write: Write) -> None:
    """Eight threads import the same modules, each of which imports the next."""
    for name, following in zip(NAMES, [*NAMES[1:], "sys"], strict=True):
        write(f"import {following}", f"{name}.py")
    together = threading.Barrier(8)

    def import_from(first: int) -> None:
        together.wait()
        for name in NAMES[first:] + NAMES[:first]:
            importlib.import_module(name)

    threads = [threading.Thread(target=import_from, args=(5 * n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(heard) == sorted(NAMES)


# ---- taps ----

TAPPED = """
    def tap(module):
        original = module.value
        module.value = original + 1
        def undo():
            module.value = original
        return undo
    def fails(module):
        raise RuntimeError("boom")
"""


@pytest.fixture
def taps(write: Write) -> Iterator[Taps]:
    """Two taps on one module, the first of which fails."""
    write(TAPPED, "watched_taps.py")
    rows = (("bad", "watched_taps:fails"), ("good", "watched_taps:tap"), ("no", "watched_no:tap"))
    taps = Taps({"watched": rows})
    yield taps
    taps.remove()


def _value() -> int:
    module: ModuleType = importlib.import_module("watched")
    value: int = module.value
    return value


@pytest.mark.parametrize("is_imported", [False, True])
def test_a_tap_that_fails_costs_neither_the_import_nor_the_others(
    taps: Taps, write: Write, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    is_imported: bool,
) -> None:  # fmt: skip
    """One that raises and one that is not there are warned about; it is late or early alike."""
    monkeypatch.delenv("MLTRACK_STRICT")
    write("value = 1", "watched.py")
    if is_imported:
        importlib.import_module("watched")

    taps.install()

    assert _value() == 2
    assert [record.args[0] for record in caplog.records] == ["autolog(bad)", "autolog(no)"]  # type: ignore[index]


def test_taps_are_put_on_once_and_come_off(taps: Taps, write: Write) -> None:
    """Again and again; what is excluded comes off too."""
    write("value = 1", "watched.py")
    for _ in range(2):
        taps.install({"bad", "no"})
        taps.install({"bad", "no"})
        assert _value() == 2
        taps.install({"bad", "no", "good"})
        assert _value() == 1
        taps.install({"bad", "no"})
        taps.remove()
        assert _value() == 1
