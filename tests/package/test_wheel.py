"""The installed distribution is what we think it is."""

from importlib import metadata

import pytest


@pytest.fixture(scope="module")
def files() -> set[str]:
    """The paths that the installed distribution records as its own."""
    return {str(path) for path in metadata.files("mltrack") or ()}


def test_every_package_and_its_types_are_there(files: set[str]) -> None:
    """The folders of the checkout become packages of one name each."""
    for package in (
        "mltrack", "mltrack_core", "mltrack_server",
        "mltrack_keras", "mltrack_pytorch", "mltrack_lightning", "mltrack_hf",
    ):  # fmt: skip
        assert f"{package}/__init__.py" in files
    assert {"mltrack/py.typed", "mltrack_core/py.typed", "mltrack_server/py.typed"} <= files


def test_the_dashboard_is_built_in(files: set[str]) -> None:
    """Whoever installs the wheel needs no Node."""
    assert "mltrack_server/static/index.html" in files
    assert any(path.endswith(".js.br") for path in files)


def test_nothing_else_gets_into_site_packages(files: set[str]) -> None:
    """No tests, no benchmarks, no front end sources, and no .pth that runs at every start."""
    tops = {path.partition("/")[0] for path in files if not path.startswith("..")}
    packages = {top for top in tops if not top.endswith(".dist-info")}

    assert packages == {
        "mltrack", "mltrack_core", "mltrack_server",
        "mltrack_keras", "mltrack_pytorch", "mltrack_lightning", "mltrack_hf",
    }  # fmt: skip
