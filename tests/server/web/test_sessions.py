"""Sessions, and what the log and the answers never tell."""

from __future__ import annotations

import logging

import pytest

from mltrack_server.auth.session import SESSION_S
from mltrack_server.auth.session import Sessions
from mltrack_server.auth.token import is_same
from mltrack_server.auth.token import is_shown
from mltrack_server.store import Store
from mltrack_server.testing import RunningServer

TOKEN = "0123456789abcdef"


def test_a_session_runs_out() -> None:
    """Two weeks later the token is asked for again."""
    now = 1_000_000.0
    cookie = Sessions(TOKEN, lambda: now).issue()

    assert Sessions(TOKEN, lambda: now + SESSION_S - 1).is_valid(cookie)
    assert not Sessions(TOKEN, lambda: now + SESSION_S).is_valid(cookie)


def test_a_new_token_ends_all_sessions() -> None:
    """A session is worth what its token is worth, and survives a restart with the same one."""
    cookie = Sessions(TOKEN).issue()

    assert Sessions(TOKEN).is_valid(cookie)
    assert not Sessions(TOKEN + "0").is_valid(cookie)
    assert not Sessions("").is_valid(cookie)


def test_a_changed_cookie_is_no_session() -> None:
    """Neither its end nor anything else of it can be changed."""
    sessions = Sessions(TOKEN)
    cookie = sessions.issue()
    later = f"9{cookie}"
    bad = [cookie[:at] + "f" + cookie[at + 1 :] for at in range(len(cookie)) if cookie[at] != "f"]

    for forged in [*bad, later, "", ".", "..", "9999999999..", "é" * 80, cookie + "0", cookie[:-1]]:
        assert not sessions.is_valid(forged), forged


@pytest.mark.parametrize(
    ("header", "is_right"),
    [
        (f"Bearer {TOKEN}", True),
        (f"bearer {TOKEN}", True),
        (f"Bearer {TOKEN} ", True),
        (f"Bearer {TOKEN}0", False),
        (f"Bearer {TOKEN[:-1]}", False),
        (f"Basic {TOKEN}", False),
        (TOKEN, False),
        ("Bearer", False),
        ("Bearer é", False),
        ("", False),
    ],
)
def test_only_the_whole_token_counts(header: str, is_right: bool) -> None:
    """A part of it, more than it, or another scheme is as good as nothing."""
    assert is_shown(header, TOKEN) is is_right
    assert not is_shown(header, "")
    assert not is_same("", "")


def test_log_and_answers_tell_no_secrets(
    guarded: RunningServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault is answered with an id; the log has the stack under it, and no token or query."""

    def fail(_store: Store) -> None:
        raise RuntimeError("SELECT secrets FROM /srv/mltrack.sqlite3")

    monkeypatch.setattr(Store, "projects", fail)
    with caplog.at_level(logging.DEBUG, logger="mltrack_server"):
        answer = guarded.get("/api/v1/projects?canary=1", headers={"Cookie": "canary=2"})
        fine = guarded.get("/api/v1/runs?project=canary")

    assert (answer.status_code, fine.status_code) == (500, 200)
    assert answer.json()["type"] == "urn:mltrack:fault"
    assert not any(word in answer.text for word in ("SELECT", "srv", "RuntimeError", "Traceback"))
    assert answer.json()["request"] in caplog.text
    assert "GET /api/v1/projects 500" in caplog.text
    assert "canary" not in caplog.text
    assert guarded.token not in caplog.text
