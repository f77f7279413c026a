"""Consoles: pages, searches that nobody can make expensive, places by time, and downloads."""

from __future__ import annotations

import logging
import socket
import struct
from typing import Final

import pytest

from mltrack_core.records import Console
from mltrack_server.testing import Agent
from mltrack_server.testing import RunningServer
from mltrack_server.testing import started
from mltrack_server.testing import wait_until
from mltrack_server.web import console

RESET_AT_CLOSE: Final = struct.pack("ii", 1, 0)  # instead of a goodbye
LINES = [
    "epoch 1 loss 0.5",
    "\x1b[31mEpoch\x1b[0m 2 loss 0.25",
    "<b>naïve</b> 𝄞 loss (x+1)*",
    "a" * 40 + "!",
    *(f"line {n}" for n in range(4, 30)),
]


@pytest.fixture
def printed(server: RunningServer, agent: Agent) -> str:
    """Give the address of the console of a run with 30 lines, a second between two of them."""
    lines = [Console(n * 10**9, "stdout", line) for n, line in enumerate(LINES)]
    answer = server.post(agent.path, data=agent.batch(0, started(), *lines).pack())
    assert answer.status_code == 200
    return f"/api/v1/runs/{agent.run}/console"


def test_the_console_comes_in_pages(server: RunningServer, printed: str) -> None:
    """Without `first` the last lines, with it those from there on."""
    last = server.get(printed, params={"limit": 2}).json()
    first = server.get(printed, params={"first": 4, "limit": 2}).json()

    assert last["total"] == 30
    assert [line["text"] for line in last["lines"]] == ["line 28", "line 29"]
    assert [line["text"] for line in first["lines"]] == ["line 4", "line 5"]


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ({"text": "epoch"}, [0, 1]),
        ({"text": "EPOCH 2"}, [1]),  # its colours do not part it
        ({"text": "epoch", "case": "true"}, [0]),
        ({"text": "(x+1)*"}, [2]),  # no expression unless it is said to be one
        ({"text": "[31m"}, []),  # nobody sees that
        ({"text": "𝄞 LOSS"}, [2]),
        ({"text": r"loss 0\.\d+$", "regex": "true"}, [0, 1]),
        ({"text": r"^(?!line)", "regex": "true"}, [0, 1, 2, 3]),
        ({"text": "Epoch", "regex": "true", "case": "true"}, [1]),
    ],
)
def test_a_search_finds_what_stands_there(
    server: RunningServer, printed: str, asked: dict[str, str], numbers: list[int]
) -> None:
    """A text or an expression, as one reads it on a terminal."""
    found = server.get(f"{printed}/search", params=asked).json()

    assert found["numbers"] == numbers
    assert found["is_end"]
    assert (found["searched"], found["total"]) == (30, 30)


def test_a_search_says_where_in_the_line(server: RunningServer, printed: str) -> None:
    """Characters of the line without its escape sequences, one for a sign of two UTF-16 units."""
    found = server.get(f"{printed}/search", params={"text": "loss"}).json()

    assert found["starts"] == [8, 8, 15]
    assert found["ends"] == [12, 12, 19]


def test_every_match_of_a_line_has_its_place(server: RunningServer, printed: str) -> None:
    """From the left, the first 20; one without a character only where there is no other."""

    def places(text: str) -> list[tuple[int, int, int]]:
        asked = {"text": text, "regex": "true", "case": "true"}
        found = server.get(f"{printed}/search", params=asked).json()
        return list(zip(found["numbers"], found["starts"], found["ends"], strict=True))

    assert places("s") == [(0, 10, 11), (0, 11, 12), (1, 10, 11), (1, 11, 12), *places("s")[4:]]
    assert places("a") == [(2, 4, 5), *((3, at, at + 1) for at in range(20))]
    assert places("!|x*") == [
        *((n, 0, 0) for n in range(2)),
        (2, 0, 0),
        (2, 21, 22),
        (3, 0, 0),
        (3, 40, 41),
        *((n, 0, 0) for n in range(4, 30)),
    ]


@pytest.fixture
def mixed(server: RunningServer, agent: Agent) -> str:
    """Give the address of a console of two channels and ranks, with what sounds like levels."""
    texts = {
        "stdout": ["val error: 0.25", "INFO ready", "[WARNING] slow", "ERROR no room"],
        "stderr": ["x.py:1: UserWarning: old", "Traceback (most recent call last):", "  ok"],
    }
    lines: list[Console] = []
    for channel in ("stdout", "stderr"):
        lines += [Console(10**9, channel, text) for text in texts[channel]]
    lines.append(Console(10**9, "stderr", "\x1b[31mValueError\x1b[0m: NaN"))
    answer = server.post(agent.path, data=agent.batch(0, started(), *lines).pack())
    assert answer.status_code == 200
    return f"/api/v1/runs/{agent.run}/console"


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ({"channel": "stderr"}, [4, 5, 6, 7]),
        ({"channel": "stdout", "text": "r"}, [0, 1, 2, 3]),
        ({"level": "error"}, [3, 5, 7]),
        ({"level": "warning"}, [2, 3, 4, 5, 7]),
        ({"level": "warning", "channel": "stdout"}, [2, 3]),
        ({"level": "warning", "text": "old"}, [4]),
        ({"rank": "0", "text": "ok"}, [6]),
        ({"rank": "1"}, []),
    ],
)
def test_a_search_keeps_to_channel_rank_and_level(
    server: RunningServer, mixed: str, asked: dict[str, str], numbers: list[int]
) -> None:
    """With a text or without one; a word alone is no level."""
    found = server.get(f"{mixed}/search", params=asked).json()

    assert sorted(set(found["numbers"])) == numbers
    assert found["searched"] == 8


def test_lines_that_lie_far_apart_come_by_their_numbers(
    server: RunningServer, printed: str
) -> None:
    """In order; those that there are not are left out, and there is a bound."""
    found = server.get(printed, params={"numbers": "29,4,99,4"}).json()

    assert [(line["number"], line["text"]) for line in found["lines"]] == [
        (4, "line 4"),
        (29, "line 29"),
    ]
    assert found["total"] == 30
    for wrong in ("", "x", ",".join(["1"] * 201)):
        assert server.get(printed, params={"numbers": wrong}).status_code == 422


@pytest.mark.parametrize("text", ["(", "a{2,1}", "(?P<a>x)(?P<a>y)", "\\"])
def test_what_is_no_expression_is_refused(server: RunningServer, printed: str, text: str) -> None:
    """The answer says what is wrong with it."""
    answer = server.get(f"{printed}/search", params={"text": text, "regex": "true"})

    assert answer.status_code == 422
    assert answer.json()["at"] == "query.text"
    assert "no regular expression" in answer.json()["detail"]


@pytest.mark.slow
def test_an_expression_that_never_ends_harms_nobody(server: RunningServer, printed: str) -> None:
    """It is given up, and the server answers others."""
    answer = server.get(f"{printed}/search", params={"text": r"(a+)+$", "regex": "true"})

    assert answer.status_code == 422
    assert "too long" in answer.json()["detail"]
    assert server.get(printed).status_code == 200


def test_a_time_is_a_line(server: RunningServer, printed: str) -> None:
    """The last line that was printed by then."""
    found = server.get(f"{printed}/place", params={"time_ns": 7 * 10**9 + 1}).json()

    assert found == {"number": 7}


def test_all_of_it_is_a_text(
    server: RunningServer, printed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every line, in order, without colours; it is a file and nothing that a browser opens."""
    monkeypatch.setattr(console, "LINES_MAX", 7)

    answer = server.get(f"{printed}/text")

    lines = answer.content.decode().split("\n")
    assert lines[:3] == [LINES[0], "Epoch 2 loss 0.25", LINES[2]]
    assert lines[3:] == [*LINES[3:], ""]
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize("rest", ["", "?numbers=1", "/search?text=a", "/place?time_ns=1", "/text"])
def test_an_unknown_run_has_no_console(server: RunningServer, rest: str) -> None:
    """404, whatever of it is asked for."""
    assert server.get(f"/api/v1/runs/{'0' * 32}/console{rest}").status_code == 404


def test_who_is_gone_in_the_middle_of_an_answer_is_no_fault_of_ours(
    server: RunningServer, agent: Agent, caplog: pytest.LogCaptureFixture
) -> None:
    """A browser that is killed says no goodbye; the server's log has no error for it."""
    caplog.set_level(logging.DEBUG, logger="mltrack_server")
    lines = [Console(n * 10**9, "stdout", f"{n} " + 1000 * "long ") for n in range(4000)]
    server.post(agent.path, data=agent.batch(0, started(), *lines).pack())
    path = f"/api/v1/runs/{agent.run}/console/text"
    host, port = server.host.split(":")

    with socket.create_connection((host, int(port))) as browser:
        browser.sendall(f"GET {path} HTTP/1.1\r\nHost: {server.host}\r\n\r\n".encode())
        assert b"200 OK" in browser.recv(100)
        browser.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)

    def answered() -> list[logging.LogRecord]:
        return [each for each in caplog.records if path in each.getMessage()]

    wait_until(answered, "for the end of the answer")
    assert " 499 " in answered()[0].getMessage()
    assert [each for each in caplog.records if each.levelno >= logging.WARNING] == []
