"""A run records what it is told, and nothing it is told can hurt the training."""

import copy
import logging
import math
import os
import pickle
import subprocess
import threading
from collections.abc import Callable

import numpy as np
import pytest

import mltrack_core
from mltrack_core import NullTracker
from mltrack_core import Tracker
from mltrack_core.errors import RunFinished
from mltrack_core.errors import ValueInvalid
from mltrack_core.records import Alert
from mltrack_core.records import ByExponent
from mltrack_core.records import Gap
from mltrack_core.records import Histograms
from mltrack_core.records import Note
from mltrack_core.records import Params
from mltrack_core.records import Rewind
from mltrack_core.records import RunEnded
from mltrack_core.records import RunStarted
from mltrack_core.records import Scalars
from mltrack_core.records import Seal
from mltrack_core.testing.spool import RecordedSpool

Script = Callable[..., subprocess.CompletedProcess[str]]


def test_a_run_is_what_the_protocol_says(spool: RecordedSpool) -> None:
    """Integrations see a Tracker, whether it records or not."""
    assert isinstance(mltrack_core.init(), Tracker)
    assert isinstance(NullTracker(), Tracker)


@pytest.mark.parametrize("name", ["id", "name", "project", "attempt", "has_ended"])
def test_what_a_script_reads_of_a_run_is_there_without_one_too(
    name: str, spool: RecordedSpool
) -> None:
    """A script that prints its run's project must not fail where nothing is recorded."""
    assert type(getattr(NullTracker(), name)) is type(getattr(mltrack_core.init(), name))


def test_a_histogram_is_logged_like_a_number(spool: RecordedSpool) -> None:
    """It becomes a record of its own, at the same step and position as the numbers beside it."""
    counted = ByExponent(0, [], -3, [1, 2], zeros=4)

    with mltrack_core.init() as run:
        run.log({"loss": 0.5, "grad": {"layer": counted}}, step=3, epoch=1)

    (scalars,), (histograms,) = spool.of(Scalars), spool.of(Histograms)
    assert scalars.values == {"loss": 0.5}
    assert histograms.values == {"grad/layer": counted}
    assert (histograms.step, histograms.axes) == (3, {"epoch": 1.0})


def test_every_call_is_one_record_in_order(spool: RecordedSpool) -> None:
    """From the introduction to the seal, nothing is missing and nothing is invented."""
    with mltrack_core.init(project="p", name="n", config={"lr": 0.1}, console="off") as run:
        run.log({"loss": 1.0}, step=3, epoch=1)
        run.log_params({"version": "3"}, namespace="framework")
        run.alert("look", "here", level="error", step=3)
        run.note("a remark")
        run.rewind(1)

    kinds = [
        type(record)
        for record in spool.records()
        if getattr(record, "namespace", "") not in ("git", "launch")
    ]
    assert kinds == [RunStarted, Params, Scalars, Params, Alert, Note, Rewind, RunEnded, Seal]
    (started,) = spool.of(RunStarted)
    assert (started.project, started.name, started.role, started.attempt) == (
        "p",
        "n",
        "trainer",
        1,
    )
    (scalars,) = spool.of(Scalars)
    assert (scalars.step, scalars.values, scalars.axes) == (3, {"loss": 1.0}, {"epoch": 1})
    (ended,) = spool.of(RunEnded)
    assert (ended.state, ended.explicit) == ("finished", True)


def test_a_step_that_is_not_given_follows_the_highest(spool: RecordedSpool) -> None:
    """Steps may repeat and go back; counting goes on from the highest."""
    run = mltrack_core.init(console="off")

    run.log({"a": 1.0})
    run.log({"a": 1.0}, step=10)
    run.log({"a": 1.0}, step=5)
    run.log({"a": 1.0})

    run.finish()
    assert [record.step for record in spool.of(Scalars)] == [0, 10, 5, 11]


def test_values_that_are_not_finite_are_kept(spool: RecordedSpool) -> None:
    """NaN, both infinities, and integers beyond what a float can hold."""
    values = {"nan": math.nan, "inf": math.inf, "minus": -math.inf, "big": 2**53 + 1, "zero": -0.0}
    run = mltrack_core.init(console="off")

    run.log(values)

    run.finish()
    (scalars,) = spool.of(Scalars)
    assert repr(scalars.values) == repr(values)


def test_what_cannot_be_recorded_is_counted_and_the_rest_is_kept(
    spool: RecordedSpool, caplog: pytest.LogCaptureFixture
) -> None:
    """One bad value costs itself; the run says how many, the user is told once."""
    run = mltrack_core.init(console="off")

    with caplog.at_level(logging.WARNING):
        for _ in range(10):
            run.log({"loss": 1.0, "bad": "text"})

    run.finish()
    assert [record.values for record in spool.of(Scalars)] == [{"loss": 1.0}] * 10
    assert sum(gap.count for gap in spool.of(Gap)) == 10
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    "values", [None, 3, [("a", 1.0)], {3: 1.0}, {"": 1.0}, {"x" * 10_000: 1.0}]
)
def test_no_misuse_of_log_raises(spool: RecordedSpool, values: object) -> None:
    """A typo in a logging line must not end a training of three days."""
    run = mltrack_core.init(console="off")

    run.log(values)  # type: ignore[arg-type]  # what is tested
    run.log({"loss": 1.0}, step="x")  # type: ignore[arg-type]  # what is tested

    run.finish()
    assert not spool.of(Scalars)


def test_strict_mode_raises_what_is_swallowed_otherwise(
    spool: RecordedSpool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLTRACK_STRICT=1 is for tests of training code."""
    monkeypatch.setenv("MLTRACK_STRICT", "1")
    run = mltrack_core.init(console="off")

    with pytest.raises(ValueInvalid):
        run.log({"loss": "text"})
    run.finish()
    with pytest.raises(RunFinished):
        run.log({"loss": 1.0})


def test_an_object_whose_conversion_raises_costs_only_itself(spool: RecordedSpool) -> None:
    """Whatever a user's object does when it is looked at, training goes on."""

    class Hostile:
        def __float__(self) -> float:
            raise RuntimeError("no")

        def __repr__(self) -> str:
            raise RuntimeError("no")

    run = mltrack_core.init(console="off", config={"model": Hostile()})

    run.log({"a": Hostile(), "b": 1.0})

    run.finish()
    assert spool.of(RunEnded)


def test_threads_share_a_run(spool: RecordedSpool) -> None:
    """Records of several threads do not mix, and each thread's are in its order."""
    run = mltrack_core.init(console="off")

    def log(thread: int) -> None:
        for step in range(500):
            run.log({f"thread/{thread}": float(step)}, step=step)

    threads = [threading.Thread(target=log, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    run.finish()
    steps: dict[str, list[int]] = {}
    for scalars in spool.of(Scalars):
        (name,) = scalars.values
        steps.setdefault(name, []).append(scalars.step)
    assert steps == {f"thread/{number}": list(range(500)) for number in range(8)}


def test_a_forked_child_records_into_a_stream_of_its_own(spool: RecordedSpool) -> None:
    """Parent and child log to one run; neither disturbs the other's stream."""
    run = mltrack_core.init(console="off")
    run.log({"parent": 1.0}, step=0)

    child = os.fork()
    if child == 0:
        run.log({"child": 2.0}, step=7)
        os._exit(0)
    os.waitpid(child, 0)
    run.log({"parent": 3.0}, step=1)

    run.finish()
    parents, children = spool.streams(run.id)
    assert [r.values for r in parents if isinstance(r, Scalars)] == [
        {"parent": 1.0},
        {"parent": 3.0},
    ]
    assert [r.values for r in children if isinstance(r, Scalars)] == [{"child": 2.0}]
    assert isinstance(children[0], RunStarted)
    assert children[0].role == "child"


@pytest.mark.slow
def test_a_huge_configuration_is_recorded_in_parts(spool: RecordedSpool) -> None:
    """No record is longer than a frame may be, and none is lost for it."""
    config = {f"parameter/{number}": "x" * 1000 for number in range(20_000)}

    run = mltrack_core.init(console="off", config=config)

    run.finish()
    parts = [record.values for record in spool.of(Params) if not record.namespace]
    assert len(parts) > 1
    assert {name: value for part in parts for name, value in part.items()} == config


def test_a_run_that_is_copied_is_the_same_run(spool: RecordedSpool) -> None:
    """A model that keeps its run can be deep-copied, and saved and loaded."""
    run = mltrack_core.init(console="off")

    assert copy.copy(run) is run
    assert copy.deepcopy({"run": run})["run"] is run
    assert pickle.loads(pickle.dumps(run)) is run


@pytest.mark.slow
def test_a_run_sent_to_another_process_goes_on_in_a_stream_there(
    spool: RecordedSpool, script: Script
) -> None:
    """As forked children do, so do those that get everything by pickle."""
    ended = script(
        """
        import multiprocessing, mltrack_core

        def work(run):
            run.log({"child": 2.0}, step=7)

        if __name__ == "__main__":
            run = mltrack_core.init(console="off")
            child = multiprocessing.get_context("spawn").Process(target=work, args=(run,))
            child.start()
            child.join()
            run.log({"parent": 1.0}, step=1)
        """
    )

    assert ended.returncode == 0, ended.stderr
    parents, children = spool.streams(spool.runs()[0])
    assert [r.values for r in parents if isinstance(r, Scalars)] == [{"parent": 1.0}]
    assert [r.values for r in children if isinstance(r, Scalars)] == [{"child": 2.0}]
    assert isinstance(children[0], RunStarted)
    assert children[0].role == "child"


@pytest.mark.parametrize(
    ("ending", "state", "reason", "exit_code"),
    [
        ("sys.exit('no data found')", "failed", "no data found", 1),
        ("sys.exit(True)", "failed", "exit code 1", 1),
        ("sys.exit(-1)", "failed", "exit code 255", 255),
        ("sys.exit(2**70)", "failed", None, None),
        ("sys.exit()", "finished", "", None),
        ("run.finish('success')", "finished", "success", None),
        ("run.finish(reason=None)", "finished", "", None),
        ("g = generator(); next(g); g.close()", "interrupted", "the generator", None),
    ],
)
def test_unusual_ends_are_told_and_can_be_read(
    spool: RecordedSpool,
    script: Script,
    ending: str,
    state: str,
    reason: str | None,
    exit_code: int | None,
) -> None:
    """What a process may exit with is more than a small number."""
    script(
        f"""
        import contextlib, sys, mltrack_core
        run = mltrack_core.init()
        def generator():
            with run:
                yield 1
        with contextlib.nullcontext() if "generator" in {ending!r} else run:
            {ending}
        """
    )

    (ended,) = spool.of(RunEnded)
    assert ended.state == state
    if reason is not None:
        assert ended.reason.startswith(reason)
        assert ended.exit_code == exit_code


def test_an_unusual_argument_costs_only_itself(spool: RecordedSpool) -> None:
    """What was to be said is recorded; where, if that is usable."""
    run = mltrack_core.init(console="off")

    run.alert("a", step=np.int64(3))  # type: ignore[arg-type]  # what is tested
    run.note("n", step="x")  # type: ignore[arg-type]  # what is tested
    run.log_params({"p": 1}, namespace=None)  # type: ignore[arg-type]  # what is tested
    run.log({"loss": 1.0}, step=0, epoch=None, batch=2)  # type: ignore[arg-type]  # what is tested

    run.finish()
    assert [alert.step for alert in spool.of(Alert)] == [3]
    assert [(note.text, note.step) for note in spool.of(Note)] == [("n", None)]
    assert {"p": 1} in [params.values for params in spool.of(Params) if not params.namespace]
    assert [(s.values, s.axes) for s in spool.of(Scalars)] == [({"loss": 1.0}, {"batch": 2})]
    assert sum(gap.count for gap in spool.of(Gap)) == 1


def test_secrets_do_not_reach_the_disk(spool: RecordedSpool, script: Script) -> None:
    """In parameters, on the console, in a traceback, on the command line."""
    secret = "c4n4ryV4lueOfASecret"

    script(
        """
        import os, mltrack_core
        secret = os.environ["SERVICE_API_KEY"]
        config = {"nested": {"url": f"https://u:{secret}@h/x"}, "hub_token": secret}
        run = mltrack_core.init(config=config)
        print("environment:", dict(os.environ))
        run.alert(secret, secret)
        run.note(secret)
        raise ValueError(secret)
        """,
        SERVICE_API_KEY=secret,
    )

    on_disk = b"".join(path.read_bytes() for path in spool.root.rglob("*") if path.is_file())
    assert b"nested.url" in on_disk
    assert secret.encode() not in on_disk
