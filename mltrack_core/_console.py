"""Console capture at the level of Python's stdout and stderr.

The stream objects stay what they are: only the attribute `write` is set on them, every other
attribute, `isatty()` included, is untouched, and the terminal gets every character first.
`mltrack_core._console_fd` captures at the level of file descriptors, where that is asked for.
"""

from __future__ import annotations

import re
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from threading import get_ident
from typing import Any
from typing import Final
from typing import TextIO

from mltrack_core.limits import CONSOLE_LINE_BYTES_MAX
from mltrack_core.records import Channel

# A progress bar's present state is recorded once in so many seconds.
PARTIAL_INTERVAL_S: Final = 1.0
_TURN_S_MAX: Final = 0.05  # that a print waits for another thread's
_CLOSE_S_MAX: Final = 0.5
_ECHOES_MAX: Final = 3

_MOVES_UP: Final = re.compile(r"\x1b\[\d*[AF]")
_MOVES: Final = re.compile(r"\x1b\[\d*[ABCDEFGHJKf]|\x1b\[\d+;\d+[Hf]|\x08")

Emit = Callable[[Channel, str, bool], None]


class LineAssembler:
    """Makes lines of what is written to one channel, as a terminal would show them.

    A carriage return begins the line anew: of a progress bar there is one line in the end, and
    while it runs its present state once a second, marked partial.

    Args:
        channel: Passed on to *emit*.
        emit: Called with channel, line, and whether it is partial.
        clock: Monotonic, in seconds.
    """

    def __init__(
        self, channel: Channel, emit: Emit, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._channel, self._emit, self._clock = channel, emit, clock
        self._pending = ""
        self._is_progress = False  # the pending line has been begun anew at least once
        self._starts_over = False  # … and the next character replaces it
        self._shown = ""  # its state recorded last
        self._next_partial_s = 0.0
        # Several bars below each other move the cursor up after each refresh, and so end the upper
        # bars' lines ten times a second. Once seen, lines of bars count as partial.
        self._has_many_bars = False

    def feed(self, text: str) -> None:
        """Take what was written."""
        if "\x1b[" in text and _MOVES_UP.search(text):
            self._has_many_bars = True
        if "\r" in text:
            text = text.replace("\r\n", "\n")
        *lines, rest = text.split("\n")
        for line in lines:
            self._extend(line)
            self._end_line()
        self._extend(rest)
        if len(self._pending) > CONSOLE_LINE_BYTES_MAX:
            self._end_line()
        elif self._is_progress:
            self._show_partial()

    def forget(self) -> None:
        """Drop what no line end followed."""
        self._pending = ""
        self._is_progress = self._starts_over = False

    def close(self) -> None:
        """Emit what no line end followed."""
        if self._pending:
            self._has_many_bars = False
            self._end_line()

    def _extend(self, text: str) -> None:
        """Add *text*, which holds no line end, to the pending line."""
        *earlier, last = text.split("\r")
        for part in earlier:
            self._overwrite_or_add(part)
            self._is_progress = self._starts_over = True
        self._overwrite_or_add(last)

    def _overwrite_or_add(self, text: str) -> None:
        # A return alone changes nothing: some bars put it at the end, and the line stands until
        # more is written.
        if text:
            self._pending = text if self._starts_over else self._pending + text
            self._starts_over = False

    def _end_line(self) -> None:
        line, self._pending = self._pending, ""
        was_progress, self._is_progress, self._starts_over = self._is_progress, False, False
        if was_progress and self._has_many_bars:
            self._pending = line
            self._show_partial()
            self._pending = ""
            return
        line = _MOVES.sub("", line)
        for start in range(0, len(line) or 1, CONSOLE_LINE_BYTES_MAX):
            self._emit(self._channel, line[start : start + CONSOLE_LINE_BYTES_MAX], False)

    def _show_partial(self) -> None:
        now = self._clock()
        if now < self._next_partial_s:
            return
        line = _MOVES.sub("", self._pending)[:CONSOLE_LINE_BYTES_MAX]
        if line.strip() and line != self._shown:
            self._shown = line
            self._next_partial_s = now + PARTIAL_INTERVAL_S
            self._emit(self._channel, line, True)


class ConsoleTap:
    """Hears what is written to `sys.stdout` and `sys.stderr`, by whichever thread.

    Args:
        emit: Called with channel, line, and whether it is partial, by one thread at a time. It must
            not raise. What it writes itself to the streams is heard too, but not without end.
    """

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._taps: list[tuple[Any, Any, LineAssembler]] = []  # stream, its write, its lines
        # … and not yet made into lines, with how many lines it is an echo of: a signal handler may
        # print while a line is being recorded, but so may whoever records it.
        self._heard: deque[tuple[LineAssembler, str, int]] = deque()
        self._echo = -1  # of how many lines the present one is an echo
        self._turn = threading.RLock()  # of the one thread that makes lines
        self._busy_thread = 0  # its id

    def begin_in_child(self) -> None:
        """Go on in a forked child: what was heard before is the parent's to record."""
        self._turn = threading.RLock()  # it may have been another thread's turn, which is not here
        self._busy_thread = 0
        self._heard.clear()
        for _, _, assembler in self._taps:
            assembler.forget()

    def open(self) -> None:
        """Begin to listen."""
        channels: tuple[tuple[TextIO | None, Channel], ...] = (
            (sys.stdout, "stdout"),
            (sys.stderr, "stderr"),
        )
        for stream, channel in channels:
            if stream is None:  # pythonw, or a daemon that closed them
                continue
            if any(stream is other for other, _, _ in self._taps):
                continue  # `sys.stderr = sys.stdout`: a line is still one line
            assembler = LineAssembler(channel, self._emit)
            tap = self._tap(stream.write, assembler)
            try:
                stream.write = tap  # type: ignore[method-assign]
            except (AttributeError, TypeError):
                continue  # a stream that takes no attributes: it stays as it is, unheard
            self._taps.append((stream, tap, assembler))

    def close(self) -> None:
        """Stop listening, and leave the streams as they were found."""
        for stream, tap, _ in self._taps:
            original = tap.__wrapped__
            if getattr(stream, "write", None) is tap:
                is_of_class = getattr(original, "__self__", None) is stream
                if is_of_class:
                    del stream.write  # the class's own method shows again
                else:
                    stream.write = original
            tap.is_deaf = True  # somebody may have wrapped ours, and goes on calling it
        self._assemble(_CLOSE_S_MAX)
        for _, _, assembler in self._taps:
            assembler.close()
        self._taps.clear()

    def _tap(self, write: Callable[[str], int], assembler: LineAssembler) -> Any:
        """Return a `write` that lets *assembler* hear what *write* has shown."""

        def tap(text: str) -> int:
            written = write(text)  # an error here is the stream's own, and the caller's to see
            if not tap.is_deaf:  # type: ignore[attr-defined]
                self._hear(assembler, text)
            return written

        tap.__wrapped__ = write  # type: ignore[attr-defined]
        tap.is_deaf = False  # type: ignore[attr-defined]
        return tap

    def _hear(self, assembler: LineAssembler, text: str) -> None:
        """Make lines of *text*, now or, if this thread is in the middle of that, right after."""
        if self._busy_thread != get_ident():
            self._heard.append((assembler, text, 0))
            self._assemble()
        elif self._echo < _ECHOES_MAX:
            self._heard.append((assembler, text, self._echo + 1))

    def _assemble(self, timeout_s: float = _TURN_S_MAX) -> None:
        """Make lines of what has been heard so far."""
        # Not for ever: this may be a signal handler that has interrupted a write to the spool, for
        # which the thread whose turn it is may be waiting. What is heard stays for the next turn.
        if not self._turn.acquire(timeout=timeout_s):
            return
        self._busy_thread = get_ident()
        try:
            while self._heard:  # the other threads wait for their turns, so this has an end
                assembler, text, self._echo = self._heard.popleft()
                assembler.feed(text)
        finally:
            self._busy_thread = 0
            self._turn.release()
