"""Console capture hears everything and changes nothing."""

import io
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest

from mltrack_core._console import ConsoleTap
from mltrack_core._console import LineAssembler
from mltrack_core.limits import CONSOLE_LINE_BYTES_MAX
from mltrack_core.records import Channel
from mltrack_core.records import Console
from mltrack_core.testing.spool import RecordedSpool


class Screen:
    """Collects lines, and has a clock that tests move."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, bool]] = []
        self.now_s = 0.0
        self.assembler = LineAssembler("stdout", self._emit, lambda: self.now_s)

    def _emit(self, channel: Channel, line: str, is_partial: bool) -> None:
        self.lines.append((line, is_partial))

    @property
    def final(self) -> list[str]:
        return [line for line, is_partial in self.lines if not is_partial]


@pytest.mark.parametrize(
    "pieces",
    [["one\ntwo\n"], ["one", "\n", "two", "\n"], ["o", "ne\ntw", "o\n"], ["one\r\ntwo\r\n"]],
)
def test_lines_are_put_together_from_any_pieces(pieces: list[str]) -> None:
    """Print writes text and line end separately; others write half lines."""
    screen = Screen()

    for piece in pieces:
        screen.assembler.feed(piece)

    assert screen.lines == [("one", False), ("two", False)]


def test_a_progress_bar_is_one_line_in_the_end() -> None:
    """A thousand carriage returns do not become a thousand lines."""
    screen = Screen()

    for step in range(1000):
        screen.now_s += 0.01
        screen.assembler.feed(f"\r{step} of 1000")
    screen.assembler.feed("\n")

    assert screen.final == ["999 of 1000"]
    assert len(screen.lines) <= 12


def test_a_bar_that_returns_at_its_end_keeps_its_last_state() -> None:
    """Some write the return last, so the return comes before the next text, not before this one."""
    screen = Screen()

    for step in range(3):
        screen.assembler.feed(f"{step}%\r")
    screen.assembler.feed("\n")

    assert screen.final == ["2%"]


def test_many_bars_below_each_other_do_not_flood() -> None:
    """Nested bars end the upper bar's line at every refresh and move back up."""
    screen = Screen()

    for step in range(500):
        screen.now_s += 0.01
        screen.assembler.feed(f"\router {step}")
        screen.assembler.feed("\n")
        screen.assembler.feed(f"\rinner {step}")
        screen.assembler.feed("\x1b[A")
    screen.assembler.feed("\ndone\n")

    assert len(screen.lines) <= 20


def test_what_no_line_end_follows_is_there_after_the_end() -> None:
    """A last line without its end is a line."""
    screen = Screen()

    screen.assembler.feed("half a line")
    screen.assembler.close()

    assert screen.final == ["half a line"]


def test_colours_stay_and_cursor_movements_go() -> None:
    """The dashboard shows colours; a movement would be noise there."""
    screen = Screen()

    screen.assembler.feed("\x1b[31mred\x1b[0m\x1b[2K\x08!\n")

    assert screen.final == ["\x1b[31mred\x1b[0m!"]


class _Stream(io.StringIO):
    """A stand-in for a terminal."""

    def isatty(self) -> bool:
        return True


def test_streams_keep_their_identity_and_get_every_character(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The objects in sys are the same before, during and after."""
    out, err = _Stream(), _Stream()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    before = vars(out).copy()
    heard: list[tuple[str, str]] = []
    tap = ConsoleTap(lambda channel, line, is_partial: heard.append((channel, line)))

    tap.open()
    print("to out")  # noqa: T201 - what is tested
    print("to err", file=sys.stderr)  # noqa: T201 - what is tested
    assert sys.stdout is out
    assert sys.stdout.isatty()
    tap.close()
    print("not heard")  # noqa: T201 - what is tested

    assert heard == [("stdout", "to out"), ("stderr", "to err")]
    assert out.getvalue() == "to out\nnot heard\n"
    assert err.getvalue() == "to err\n"
    assert vars(out) == before


def test_what_a_listener_prints_does_not_go_round_in_circles(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A warning from our own code is heard, and its echo, and then no more."""
    out = _Stream()
    monkeypatch.setattr(sys, "stdout", out)
    heard: list[str] = []

    def emit(channel: Channel, line: str, is_partial: bool) -> None:
        heard.append(line)
        sys.stdout.write("from the listener\n")

    tap = ConsoleTap(emit)
    tap.open()
    sys.stdout.write("once\n")
    tap.close()

    assert heard == ["once", *["from the listener"] * 3]


def test_a_signal_handler_is_heard_while_a_line_is_recorded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its line follows the interrupted one."""
    out = _Stream()
    monkeypatch.setattr(sys, "stdout", out)
    heard: list[str] = []
    before = signal.signal(signal.SIGUSR1, lambda *_: sys.stdout.write("from the handler\n"))

    def emit(channel: Channel, line: str, is_partial: bool) -> None:
        if line == "once":
            signal.raise_signal(signal.SIGUSR1)
        heard.append(line)

    tap = ConsoleTap(emit)
    tap.open()
    sys.stdout.write("once\n")
    tap.close()
    signal.signal(signal.SIGUSR1, before)

    assert heard == ["once", "from the handler"]


def test_every_thread_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """While one thread's line is being recorded, the others' lines wait instead of being lost."""
    out = _Stream()
    monkeypatch.setattr(sys, "stdout", out)
    heard: list[str] = []

    def emit(channel: Channel, line: str, is_partial: bool) -> None:
        time.sleep(0)  # as a write to the spool does: other threads run
        heard.append(line)

    def work(number: int) -> None:
        for line in range(300):
            sys.stdout.write(f"{number}.{line}\n")

    tap = ConsoleTap(emit)
    tap.open()
    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tap.close()

    assert sorted(heard) == sorted(f"{number}.{line}" for number in range(4) for line in range(300))


def test_a_stream_that_takes_no_attributes_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some notebooks and test runners put streams of their own in place."""

    class Fixed(io.StringIO):
        def __setattr__(self, name: str, value: object) -> None:
            raise TypeError(name)

    err = _Stream()
    monkeypatch.setattr(sys, "stdout", Fixed())
    monkeypatch.setattr(sys, "stderr", err)
    heard: list[str] = []

    tap = ConsoleTap(lambda channel, line, is_partial: heard.append(line))
    tap.open()
    print("unheard")  # noqa: T201 - what is tested
    print("heard", file=sys.stderr)  # noqa: T201 - what is tested
    tap.close()

    assert heard == ["heard"]


def test_one_stream_for_both_channels_is_heard_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """`sys.stderr = sys.stdout` does not double what is printed."""
    out = _Stream()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", out)
    heard: list[str] = []

    tap = ConsoleTap(lambda channel, line, is_partial: heard.append(line))
    tap.open()
    print("once")  # noqa: T201 - what is tested
    tap.close()

    assert heard == ["once"]
    assert "write" not in vars(out)


def test_a_fork_while_another_thread_prints_does_not_lock_the_child(
    spool: RecordedSpool, script: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    """The child of a program with threads prints and is heard."""
    ended = script(
        """
        import os, sys, threading, mltrack_core
        mltrack_core.init()
        is_over = threading.Event()
        def chatter():
            while not is_over.is_set():
                print("x" * 100)
        threads = [threading.Thread(target=chatter) for _ in range(3)]
        [thread.start() for thread in threads]
        for number in range(30):
            child = os.fork()
            if child == 0:
                sys.stderr.write(f"child {number}\\n")
                os._exit(0)
            os.waitpid(child, 0)
        is_over.set()
        """
    )

    assert ended.returncode == 0, ended.stderr
    children = spool.streams(spool.runs()[0])[1:]
    lines = {each.text for stream in children for each in stream if isinstance(each, Console)}
    assert lines == {f"child {number}" for number in range(30)}


def test_a_bar_that_is_never_ended_is_bounded() -> None:
    """Dots behind a carriage return, for days: recorded in pieces, not kept in memory."""
    screen = Screen()

    screen.assembler.feed("\rtraining")
    for _ in range(3):
        screen.assembler.feed("." * CONSOLE_LINE_BYTES_MAX)

    assert len(screen.final) == 3 + 1


def test_an_error_of_the_stream_is_the_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed pipe must look to the program as it did without us."""

    class Broken(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Broken())
    tap = ConsoleTap(lambda channel, line, is_partial: None)
    tap.open()

    with pytest.raises(BrokenPipeError):
        sys.stdout.write("x")

    tap.close()
