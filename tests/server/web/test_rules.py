"""Rules of a project over HTTP and on the command line."""

from __future__ import annotations

import pytest

from mltrack._cli import main
from mltrack_server.testing import RunningServer


def test_rules_are_set_and_read(server: RunningServer) -> None:
    """What is set is what counts, and the run says what does not keep to it."""
    run = server.new_run(project="a/b c")
    assert server.post(f"/api/v1/runs/{run}/points", json={"values": {"loss": 1, "x": 2}}).ok
    wish = {"project": "a/b c", "metrics": ["los*"]}

    changed = server.ask("PATCH", "/api/v1/rules", json=wish)

    assert changed.status_code == 200, changed.text
    assert changed.json() == server.get("/api/v1/rules", params={"project": "a/b c"}).json()
    assert server.get(f"/api/v1/runs/{run}").json()["misnamed"] == 1
    page = server.get(f"/api/v1/runs/{run}/metrics", params={"misnamed": "true"}).json()
    assert list(page["metrics"]) == ["x"]
    unknown = server.get("/api/v1/rules", params={"project": "a/b c", "version": 2})
    assert unknown.status_code == 404


def test_a_headline_is_told_with_its_project(server: RunningServer) -> None:
    """Every page knows it from the list of projects; the versions before it stay as they were."""
    server.new_run(project="p")
    server.new_run(project="other")
    first = server.ask("PATCH", "/api/v1/rules", json={"project": "p", "metrics": ["*"]})
    wish = {"project": "p", "headline": "val/<b>", "better": "max"}

    changed = server.ask("PATCH", "/api/v1/rules", json=wish).json()

    assert (changed["headline"], changed["better"], changed["metrics"]) == ("val/<b>", "max", ["*"])
    projects = server.get("/api/v1/projects").json()["projects"]
    told = {each["name"]: (each["headline"], each["better"]) for each in projects}
    assert told == {"p": ("val/<b>", "max"), "other": ("", "")}
    before = server.get("/api/v1/rules", params={"project": "p", "version": 1}).json()
    assert (before["headline"], first.json()["headline"]) == ("", "")


@pytest.mark.parametrize(
    ("wish", "at"),
    [
        ({"project": "p", "metrics": [""]}, "body.metrics[0]"),
        ({"project": "p", "metrics": ["a", "a"]}, "body.metrics[1]"),
        ({"project": "p", "metrics": ["*" * 257]}, "body.metrics[0]"),
        ({"project": "p", "metrics": [str(n) for n in range(101)]}, "body.metrics"),
        ({"project": "", "metrics": []}, "body.project"),
        ({"project": "p", "params": []}, "body"),
        ({"project": "p", "detail": "tiny"}, "body.detail"),
        ({"project": "p", "after_days": 0}, "body.after_days"),
        ({"project": "p", "better": "less"}, "body.better"),
        ({"project": "p", "keep": "params.lr <"}, "body.keep"),
    ],
)
def test_bad_rules_are_refused(server: RunningServer, wish: dict[str, object], at: str) -> None:
    """The answer says which part of them makes no sense."""
    answer = server.ask("PATCH", "/api/v1/rules", json=wish)

    assert answer.status_code == 422
    assert answer.json()["at"] == at


def test_the_command_sets_and_shows_rules(
    server: RunningServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says who does not keep to them, and refuses what makes no sense."""
    run = server.new_run(project="p")
    assert server.post(f"/api/v1/runs/{run}/points", json={"values": {"loss": 1}}).ok
    there = ["--from", server.address]

    assert main(["project", "p", "--metrics", "train/*", "lr", *there]) == 0
    shown = capsys.readouterr().out
    assert main(["project", "p", "--metrics", "a", "a", *there]) == 1
    refused = capsys.readouterr().err
    assert main(["project", "p", "--version", "9", *there]) == 1
    absent = capsys.readouterr().err
    assert main(["project", "p", "--metrics", *there]) == 0

    assert "1 runs, version 1" in shown
    assert "train/* lr" in shown
    assert "1 runs have others" in shown
    assert "twice" in refused
    assert "no version 9" in absent
    assert "as they like" in capsys.readouterr().out


def test_detail_is_shown_before_it_is_set(
    server: RunningServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without --apply nothing changes; earlier answers and exports cannot be undone."""
    server.new_run(project="p")
    there = ["--from", server.address]
    wish = ["project", "p", "--detail", "archive", "--after-days", "90", "--keep", "tags has x"]

    assert main([*wish, *there]) == 0
    shown = capsys.readouterr().out
    before = server.get("/api/v1/rules", params={"project": "p"}).json()
    assert main([*wish, "--apply", *there]) == 0

    assert "nothing would go today" in shown
    assert "nothing is changed without --apply" in shown
    assert (before["version"], before["detail"]) == (0, "full")
    assert "archive, 90 days after a run was heard of, but for tags has x" in (
        capsys.readouterr().out
    )
    rules = server.get("/api/v1/rules", params={"project": "p"}).json()
    assert (rules["version"], rules["detail"], rules["keep"]) == (1, "archive", "tags has x")
    plan = server.post("/api/v1/rules/preview", json={"project": "p", "after_days": 1}).json()
    assert (plan["detail"], plan["runs"]) == ("archive", 0)
