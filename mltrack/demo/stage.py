"""Runs trainings in processes of their own, a few at a time, and tells how they go."""

from __future__ import annotations

import importlib.util
import os
import re
import selectors
import subprocess
import sys
import tempfile
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from typing import Final

import msgspec

from mltrack.demo.plans import Scene

_AT_ONCE: Final = 2  # a laptop has two cores at least
_READ_BYTES: Final = 65536
_KERAS_BACKENDS: Final = ("jax", "tensorflow", "torch")  # the one that starts first
_EPOCH: Final = re.compile(r"epoch (\d+)/\d+ (.*)")


@dataclass(slots=True)
class Performance:
    """A scene that is being played."""

    scene: Scene
    process: subprocess.Popen[bytes]
    output: IO[bytes]
    epoch: int = 0  # complete
    latest: str = ""  # what the training says about them
    last_words: str = ""  # the last line that was not about an epoch
    unread: bytes = b""  # the beginning of a line

    @property
    def is_over(self) -> bool:
        """Whether the process has ended and been waited for."""
        return self.process.returncode is not None

    @property
    def ending(self) -> str:
        """How it ended, in words."""
        code = self.process.returncode
        if code < 0:
            return f"killed by signal {-code}"
        return "finished" if code == 0 else f"failed: {self.last_words}"


def play(
    scenes: Sequence[Scene], folder: Path, tell: Callable[[Performance], None]
) -> list[Performance]:
    """Train all *scenes*, recorded below *folder*; return how each of them went.

    Args:
        scenes: In the order in which they begin.
        folder: An MLTRACK_DIR.
        tell: Called whenever there is news of one.
    """
    waiting = list(reversed(scenes))
    done: list[Performance] = []
    with (
        tempfile.TemporaryDirectory() as cache,
        selectors.DefaultSelector() as selector,
        _ended_at_exit(selector),
    ):
        while waiting or selector.get_map():
            while waiting and len(selector.get_map()) < _AT_ONCE:
                performance = _begin(waiting.pop(), folder, cache)
                selector.register(performance.output, selectors.EVENT_READ, performance)
                tell(performance)
            for key, _ in selector.select():
                performance = key.data
                # Read past Python's buffer: what lies there would not wake the selector.
                if data := os.read(performance.output.fileno(), _READ_BYTES):
                    *lines, performance.unread = (performance.unread + data).split(b"\n")
                    for line in lines:
                        _follow(performance, line.decode(errors="replace"))
                else:
                    selector.unregister(performance.output)
                    performance.output.close()
                    performance.process.wait()
                    done.append(performance)
                tell(performance)
    return done


def keras_backend() -> str:
    """Return the backend by which Keras can train here; "" where it cannot."""
    if importlib.util.find_spec("keras") is None:
        return ""
    wanted = os.environ.get("KERAS_BACKEND")  # noqa: TID251 - Keras's setting, not ours
    candidates = (wanted,) if wanted else _KERAS_BACKENDS
    return next((each for each in candidates if importlib.util.find_spec(each)), "")


def _begin(scene: Scene, folder: Path, cache: str) -> Performance:
    plan = msgspec.json.encode(scene.plan).decode()
    backend = keras_backend() if scene.by_keras else ""
    module = "mltrack.demo.keras_training" if backend else "mltrack.demo.training"
    environ = dict(os.environ)  # noqa: TID251 - handed on, not read
    if backend:
        environ["KERAS_BACKEND"] = backend
        # JAX compiles each network for seconds: once is enough for all that are alike.
        environ["JAX_COMPILATION_CACHE_DIR"] = cache
        environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", module, plan, str(folder)],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
    )
    assert process.stdout is not None
    return Performance(scene, process, process.stdout)


def _follow(performance: Performance, line: str) -> None:
    """Take note of a line that the training printed; kill it when its time has come."""
    if match := _EPOCH.fullmatch(line):
        performance.epoch, performance.latest = int(match[1]), match[2]
        if performance.epoch == performance.scene.kill_at_epoch:
            performance.process.kill()
    elif line:
        performance.last_words = line


@contextmanager
def _ended_at_exit(selector: selectors.BaseSelector) -> Iterator[None]:
    """Leave no training behind when the demo itself is stopped."""
    try:
        yield
    finally:
        for key in list(selector.get_map().values()):
            key.data.process.terminate()
            key.data.process.wait()
            key.data.output.close()
