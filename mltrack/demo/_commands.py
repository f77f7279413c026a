"""`mltrack demo`: train, show how it goes, open the dashboard."""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING

from mltrack_core.errors import FrameworkMissing
from mltrack_core.errors import SpoolUnavailable
from mltrack_core.spool import layout

if TYPE_CHECKING:
    from mltrack.demo.stage import Performance

_REDRAW_S = 0.1  # between two updates of the progress line


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command `demo` to *subparsers*."""
    parser = subparsers.add_parser(
        "demo",
        help="train small real models on real data and show them",
        description="Train eight small networks on scikit-learn's handwritten digits, among them "
        "one that diverges, one that fails and one that is killed; then show the dashboard on them "
        "until Ctrl-C. Takes about a minute. Where Keras is installed, half of them go through its "
        "callback. The runs go to project demo of MLTRACK_DIR.",
    )
    parser.add_argument("--no-serve", action="store_true", help="train only, and end")
    parser.add_argument("--port", type=int, help="of the dashboard; default: as for `mltrack ui`")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    parser.add_argument(
        "--folder", type=Path, help="where to record; default: MLTRACK_DIR, or ~/.mltrack"
    )
    parser.set_defaults(run=demo)


def demo(arguments: argparse.Namespace) -> int:
    """Run `mltrack demo`; return the exit status."""
    for module in ("numpy", "sklearn"):
        if importlib.util.find_spec(module) is None:
            raise FrameworkMissing(
                "the demo trains on scikit-learn's digits: pip install 'mltrack[demo]'"
            )
    from mltrack.demo.plans import SCENES
    from mltrack.demo.stage import play
    from mltrack_core import _settings

    folder: Path = (arguments.folder or _settings.read().folder).expanduser().absolute()
    _check(folder, None if arguments.no_serve else arguments.port)
    print(f"mltrack demo: {len(SCENES)} trainings, recorded in {folder}", flush=True)
    began_s = time.monotonic()
    with _Progress() as progress:
        performances = play(SCENES, folder, progress.tell)
    print(f"{len(performances)} trainings in {time.monotonic() - began_s:.0f} s.", flush=True)
    if arguments.no_serve:
        print(f"Look at them: {_ui_command(folder)}")
        return 0
    from mltrack_server import config
    from mltrack_server.app import serve_local

    return serve_local(
        folder,
        port=arguments.port,
        ready=lambda address: print(f"mltrack shows them at {address} (Ctrl-C ends)", flush=True),
        browser=not arguments.no_browser and config.has_display(),
    )


def _check(folder: Path, port: int | None) -> None:
    """Find out now what would else be known only after all trainings.

    Raises:
        SpoolUnavailable: Nothing can be recorded in *folder*.
        SettingInvalid: The port is taken.
    """
    try:
        layout.spool_folder(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise SpoolUnavailable(folder, error.strerror or str(error)) from error
    if port is not None:
        from mltrack_server.app import listen

        listen("127.0.0.1", port).close()


class _Progress:
    """One line for each training that has ended; on a terminal, one more for those that go on."""

    def __init__(self) -> None:
        self._is_terminal = sys.stdout.isatty()
        self._going_on: list[Performance] = []
        self._drawn_s = 0.0

    def tell(self, performance: Performance) -> None:
        """Show the news of a training."""
        name = performance.scene.plan.name
        if performance.is_over:
            self._going_on.remove(performance)
            self._erase()
            epochs = f"{performance.epoch} epochs"
            ending = textwrap.shorten(performance.ending, 60, placeholder=" …")
            print(f"  {name:<16} {epochs:<11} {performance.latest:<30} {ending}", flush=True)
        elif performance not in self._going_on:
            self._going_on.append(performance)
        self._draw()

    def _draw(self) -> None:
        now_s = time.monotonic()
        if not self._is_terminal or now_s - self._drawn_s < _REDRAW_S:
            return
        self._drawn_s = now_s
        parts = [
            f"{one.scene.plan.name} {one.epoch}/{one.scene.plan.epochs}" for one in self._going_on
        ]
        self._erase()
        print("  … " + " · ".join(parts), end="", flush=True)

    def _erase(self) -> None:
        if self._is_terminal:
            print("\r\x1b[K", end="")

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *ignored: object) -> None:
        self._erase()


def _ui_command(folder: Path) -> str:
    """Return the command that shows *folder*."""
    from mltrack_core import _settings

    return "mltrack ui" if folder == _settings.read().folder else f"MLTRACK_DIR={folder} mltrack ui"
