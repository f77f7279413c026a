"""Small real trainings with Keras, on the backend that KERAS_BACKEND names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

if os.environ.get("MLTRACK_TEST_REQUIRE") == "keras":
    import keras
else:
    keras = pytest.importorskip("keras")

import numpy
from sklearn.datasets import load_digits

Data = tuple[Any, Any]


# Loads Keras, and becomes every script that it is told of, in a process of its own that ends as the
# script does. Loading it costs more than what most of them do: up to ten seconds of CPU.
_WARM = """
import json, os, runpy, sys
import keras, numpy
import mltrack.keras
for line in sys.stdin:
    task = json.loads(line)
    child = os.fork()
    if child == 0:
        break
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
else:
    raise SystemExit
for number, path in enumerate(task["output"], 1):
    os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
os.environ.clear()
os.environ.update(task["environment"])
sys.argv[:] = task["command"]
sys.orig_argv[:] = [sys.executable, *task["command"]]
if sys.argv[0] == "-m":
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
else:
    runpy.run_path(sys.argv[0], run_name="__main__")
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A script that has ended."""

    status: int  # negative: the signal
    stdout: str
    stderr: str


@pytest.fixture(autouse=True)
def _surroundings(strict_folder: Path) -> None:
    """An empty MLTRACK_DIR without an agent; our faults fail the test."""


@pytest.fixture(scope="session", autouse=True)
def _compiled_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    """On JAX a program that one test has had compiled is there for the others, as users can do."""
    if keras.config.backend() == "jax":
        import jax

        jax.config.update("jax_compilation_cache_dir", str(tmp_path_factory.mktemp("jax")))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)


@pytest.fixture(scope="session")
def _warm() -> Iterator[subprocess.Popen[str]]:
    """A process that has loaded Keras."""
    command = [sys.executable, "-P", "-c", _WARM]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture
def python(_warm: subprocess.Popen[str], tmp_path: Path) -> Callable[..., Done]:
    """Runs a script, or "-m" and a module, with arguments, as `python` would; returns how it ended.

    What it starts with is Keras loaded and nothing done with it.
    """

    def run(*command: str) -> Done:
        output = [tmp_path / "stdout.txt", tmp_path / "stderr.txt"]
        task = {
            "command": command,
            "environment": dict(os.environ),
            "output": [str(path) for path in output],
        }
        assert _warm.stdin is not None
        assert _warm.stdout is not None
        print(json.dumps(task), file=_warm.stdin, flush=True)
        status = int(_warm.stdout.readline())
        stdout, stderr = (path.read_text() for path in output)
        return Done(status=status, stdout=stdout, stderr=stderr)

    return run


@pytest.fixture(scope="session")
def digits() -> Data:
    """160 handwritten digits: 10 batches of 16."""
    data = load_digits()
    return (data.data[:160] / 16).astype("float32"), data.target[:160].astype("int32")


@pytest.fixture
def make_model() -> Callable[..., Any]:
    """Returns a new, seeded, compiled classifier of the digits."""

    def make(optimizer: object = "sgd", **compile_options: object) -> Any:
        keras.utils.set_random_seed(3)
        model = keras.Sequential(
            [
                keras.layers.Input((64,)),
                keras.layers.Dense(16, activation="relu"),
                keras.layers.Dropout(0.1),
                keras.layers.Dense(10, activation="softmax"),
            ]
        )
        options: dict[str, object] = {
            "loss": "sparse_categorical_crossentropy",
            **compile_options,
        }
        model.compile(optimizer=optimizer, **options)
        return model

    return make


@pytest.fixture
def weights_of() -> Callable[[Any], bytes]:
    """Returns every weight of a model, exactly."""

    def weights(model: Any) -> bytes:
        return b"".join(numpy.ascontiguousarray(array).tobytes() for array in model.get_weights())

    return weights
