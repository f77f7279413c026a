"""How runs begin and end with their process."""

import json
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable

import pytest

import mltrack_core
from mltrack_core import NullTracker
from mltrack_core.errors import SettingInvalid
from mltrack_core.errors import SpoolUnavailable
from mltrack_core.records import Console
from mltrack_core.records import Params
from mltrack_core.records import RunEnded
from mltrack_core.records import RunStarted
from mltrack_core.records import Scalars
from mltrack_core.spool import destination
from mltrack_core.testing.spool import RecordedSpool

Script = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize(
    ("ending", "state", "reason", "exit_code"),
    [
        ("pass", "finished", "", 0),
        ("raise ValueError('boom')", "failed", "ValueError: boom", 1),
        ("raise KeyboardInterrupt", "interrupted", "Ctrl-C", -signal.SIGINT),
        ("run.finish()", "finished", "", 0),
        ("run.finish('failed', 'no data')", "failed", "no data", 0),
    ],
)
def test_a_run_says_how_its_process_ended(
    spool: RecordedSpool, script: Script, ending: str, state: str, reason: str, exit_code: int
) -> None:
    """Without a hook, and with the process's exit code what it would have been."""
    ended = script(f"import mltrack_core\nrun = mltrack_core.init()\n{ending}")

    (record,) = spool.of(RunEnded)
    assert (record.state, record.reason) == (state, reason)
    assert ended.returncode == exit_code
    assert ("boom" in record.traceback) == ("boom" in ending)


def test_an_exception_that_was_caught_does_not_fail_the_run(
    spool: RecordedSpool, script: Script
) -> None:
    """Only what ends the process counts."""
    script(
        """
        import mltrack_core
        run = mltrack_core.init()
        try:
            raise ValueError
        except ValueError:
            pass
        """
    )

    (ended,) = spool.of(RunEnded)
    assert ended.state == "finished"


def test_handlers_and_hooks_of_the_program_are_untouched(
    spool: RecordedSpool, script: Script
) -> None:
    """No signal handler, no excepthook, no thread of ours."""
    ended = script(
        """
        import signal, sys, threading


        def hooks():
            handlers = [signal.getsignal(number) for number in signal.valid_signals()]
            return handlers, sys.excepthook, sys.displayhook, sys.unraisablehook

        before = hooks()
        import mltrack_core
        run = mltrack_core.init()
        run.log({"a": 1.0})
        assert hooks() == before
        assert threading.active_count() == 1
        """
    )

    assert ended.returncode == 0, ended.stderr


def test_a_second_init_ends_the_first_run(spool: RecordedSpool) -> None:
    """A loop over hyperparameters makes one run each."""
    first = mltrack_core.init(console="off")
    second = mltrack_core.init(console="off")

    assert mltrack_core.active_run() is second
    assert isinstance(spool.records(first.id)[-2], RunEnded)
    assert first.id < second.id


def test_a_run_stays_open_around_those_that_are_parts_of_it(spool: RecordedSpool) -> None:
    """As a search does around its trials, of which each ends the one before."""
    whole = mltrack_core.init(console="off")
    first = mltrack_core.init(parent=whole.id, console="off")
    second = mltrack_core.init(parent=whole.id, console="off")
    second.finish()
    whole.log({"best": 1.0})

    assert mltrack_core.active_run() is whole
    mltrack_core.init(parent=whole.id, console="off")
    mltrack_core.init(console="off")

    ends = [r for run in (whole, first, second) for r in spool.records(run.id)]
    assert [type(r) for r in ends if isinstance(r, RunEnded | Scalars)] == [
        Scalars, RunEnded, RunEnded, RunEnded,
    ]  # fmt: skip


def test_a_process_ends_all_its_runs(spool: RecordedSpool, script: Script) -> None:
    """A part before the whole; each prints into its own record, and into that around it."""
    script(
        """
        import mltrack_core
        whole = mltrack_core.init()
        print("begins")
        mltrack_core.init(parent=whole.id)
        print("goes on")
        raise ValueError("boom")
        """,
        MLTRACK_RUN_ID="ab" * 16,
    )

    whole, part = "ab" * 16, next(run for run in spool.runs() if run != "ab" * 16)
    texts = [[line.text for line in spool.of(Console, run)] for run in (whole, part)]
    assert [text[0] for text in texts] == ["begins", "goes on"]
    assert "goes on" in texts[0]
    (whole_ended,), (part_ended,) = spool.of(RunEnded, whole), spool.of(RunEnded, part)
    assert whole_ended.state == part_ended.state == "failed"
    assert part_ended.time_ns < whole_ended.time_ns


def test_a_run_that_exists_goes_on_as_its_next_attempt(spool: RecordedSpool) -> None:
    """Same id, own stream, and the name that it began with."""
    first = mltrack_core.init(project="p", name="first", console="off")
    mltrack_core.finish()
    again = mltrack_core.init(id=first.id, name="other", console="off")
    mltrack_core.finish()

    starts = [records[0] for records in spool.streams(first.id)]
    assert again.id == first.id
    assert [(s.attempt, s.name, s.project) for s in starts if isinstance(s, RunStarted)] == [
        (1, "first", "p"),
        (2, "first", "p"),
    ]


def test_ranks_of_one_run_are_one_attempt(spool: RecordedSpool, script: Script) -> None:
    """Processes that share MLTRACK_RUN_ID and differ in rank do not count as resumed."""
    run = "ab" * 16
    for rank in ("0", "1"):
        script(
            "import mltrack_core; mltrack_core.init()",
            MLTRACK_RUN_ID=run, RANK=rank, WORLD_SIZE="2",
        )  # fmt: skip

    starts = [records[0] for records in spool.streams(run)]
    assert [(s.rank, s.attempt) for s in starts if isinstance(s, RunStarted)] == [(0, 1), (1, 1)]


@pytest.mark.parametrize(
    "arguments",
    [
        {"project": "a\nb"},
        {"name": "x" * 10_000},
        {"id": "my-run"},
        {"console": "loud"},
        {"tags": ["", "\x00", "ok"]},
        {"config": {"": {"": {}}}},
        {"tags": None, "group": None, "notes": None, "parent": None},
        {"tags": 3, "id": uuid.UUID(int=7)},
        {"notes": "\udcff", "group": "\udcff", "parent": 5},
        {"config": 3},
    ],
)
def test_arguments_that_cannot_be_used_are_replaced(
    spool: RecordedSpool, arguments: dict[str, object]
) -> None:
    """A run is recorded all the same; the mistake is told."""
    run = mltrack_core.init(**{"console": "off", **arguments})  # type: ignore[arg-type]

    run.log({"a": 1.0})

    assert len(run.id) == 32


@pytest.mark.parametrize(
    ("name", "value"), [("MLTRACK_MODE", "ofline"), ("MLTRACK_URL", "tracker.example")]
)
def test_a_wrong_way_to_the_server_does_not_cost_the_record(
    spool: RecordedSpool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
    value: str,
) -> None:
    """The run is recorded here, and the setting is named."""
    monkeypatch.setenv(name, value)

    run = mltrack_core.init(console="off")

    assert run.id in spool.runs()
    assert destination.read(spool.root, run.id) is None
    assert name in caplog.text


@pytest.mark.parametrize(
    "before",
    [
        "sys.stderr = None",
        "sys.stderr.close()",
        "sys.stdout = sys.stderr = None",
        "os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')",
        "sys.orig_argv = ['train.py', 'data-\\udcff']",
        "l.ensure_agent = lambda settings: 1 / 0",
    ],
)
def test_a_strange_process_is_recorded_all_the_same(
    spool: RecordedSpool, script: Script, before: str
) -> None:
    """No stderr, no working folder, an argument that is no UTF-8: nothing of it costs the run."""
    ended = script(
        f"""
        import os, sys
        {before}
        import mltrack_core
        run = mltrack_core.init(config={{"lr": 0.1}})
        run.log({{"a": 1.0}})
        run.log({{"a": "no number"}})
        """
    )

    assert ended.returncode == 0, ended.stderr
    assert [record.values for record in spool.of(Scalars)] == [{"a": 1.0}]
    assert [r.values for r in spool.of(Params) if not r.namespace] == [{"lr": 0.1}]


def test_text_that_is_no_utf8_is_recorded_as_near_as_it_can_be(
    spool: RecordedSpool, script: Script
) -> None:
    """A file name with a stray byte, printed and in the error that ends the training."""
    script(
        """
        import sys, mltrack_core
        sys.stdout.reconfigure(errors="backslashreplace")
        mltrack_core.init()
        print("reading x\\udcff")
        raise FileNotFoundError("x\\udcff")
        """
    )

    assert next(line.text for line in spool.of(Console)) == "reading x?"
    (ended,) = spool.of(RunEnded)
    assert (ended.state, ended.reason) == ("failed", "FileNotFoundError: x?")


def test_a_user_without_home_is_told_what_to_do(
    spool: RecordedSpool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As in a container that runs under a made-up number."""
    monkeypatch.setenv("MLTRACK_DIR", "~nobody-of-this-name/runs")

    assert isinstance(mltrack_core.init(), NullTracker)
    assert "MLTRACK_DIR" in caplog.text


def test_strict_mode_refuses_them(spool: RecordedSpool, monkeypatch: pytest.MonkeyPatch) -> None:
    """In tests a mistake is an error."""
    monkeypatch.setenv("MLTRACK_STRICT", "1")

    with pytest.raises(SettingInvalid, match="32 hexadecimal digits"):
        mltrack_core.init(id="my-run")


def test_a_folder_that_cannot_be_written_costs_the_record_not_the_training(
    spool: RecordedSpool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The run returned does nothing, and the warning says what to do."""
    spool.root.parent.joinpath("file").write_text("not a folder")
    monkeypatch.setenv("MLTRACK_DIR", str(spool.root.parent / "file"))

    run = mltrack_core.init()
    run.log({"a": 1.0})

    assert isinstance(run, NullTracker)
    assert "MLTRACK_DIR" in caplog.text
    monkeypatch.setenv("MLTRACK_STRICT", "1")
    with pytest.raises(SpoolUnavailable):
        mltrack_core.init()


def test_disabled_records_nothing(spool: RecordedSpool, monkeypatch: pytest.MonkeyPatch) -> None:
    """MLTRACK_MODE=disabled leaves no trace."""
    monkeypatch.setenv("MLTRACK_MODE", "disabled")

    with mltrack_core.init() as run:
        run.log({"a": 1.0})

    assert not spool.root.exists()


def test_a_server_to_deliver_to_is_written_beside_the_run(
    spool: RecordedSpool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The agent finds it there; only its owner can read it."""
    monkeypatch.setenv("MLTRACK_URL", "https://tracker.example/")
    monkeypatch.setenv("MLTRACK_TOKEN", "mlt_token")

    run = mltrack_core.init(console="off")

    assert destination.read(spool.root, run.id) == destination.Destination(
        "https://tracker.example", "mlt_token"
    )
    modes = {path.stat().st_mode & 0o077 for path in spool.root.rglob("*")}
    assert modes == {0}


def test_git_is_read_without_starting_it(
    spool: RecordedSpool, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commit, branch and remote of a real checkout, its credentials removed."""
    folder = spool.root.parent / "checkout"
    git = ["git", "-c", "user.name=n", "-c", "user.email=e@x.example", "-C", str(folder)]
    subprocess.run(["git", "init", "-q", "-b", "trunk", str(folder)], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "m"], check=True)
    remote = "https://user:secret@host.example/a.git"
    subprocess.run([*git, "remote", "add", "origin", remote], check=True)
    commit = subprocess.check_output([*git, "rev-parse", "HEAD"], text=True).strip()
    monkeypatch.chdir(folder)

    mltrack_core.init(console="off")

    (facts,) = [record.values for record in spool.of(Params) if record.namespace == "git"]
    assert facts == {
        "root": str(folder),
        "branch": "trunk",
        "commit": commit,
        "remote": "https://host.example/a.git",
    }


def test_importing_has_no_effects() -> None:
    """No socket, no thread, no process; msgspec and a handful of modules."""
    script = """
import json, sys
effects = ("socket.", "subprocess.", "os.fork", "os.posix_spawn", "_thread.start")
events = []
sys.addaudithook(lambda name, args: name.startswith(effects) and events.append(name))
import mltrack
json.dump({"events": events, "modules": list(sys.modules)}, sys.stdout)
"""
    report = json.loads(subprocess.check_output([sys.executable, "-P", "-c", script], text=True))

    assert report["events"] == []
    heavy = {"socket", "ssl", "http.client", "asyncio", "requests", "numpy", "psutil", "sqlite3",
             "sqlalchemy", "aiohttp", "subprocess", "concurrent.futures"}  # fmt: skip
    assert not heavy & set(report["modules"])


def test_a_very_long_command_line_does_not_hide_how_a_stream_begins(
    spool: RecordedSpool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that goes on finds its name behind a hundred kilobytes of arguments."""
    monkeypatch.setattr(sys, "orig_argv", ["train.py", *["x" * 100] * 1000])
    first = mltrack_core.init(name="first", console="off")
    mltrack_core.finish()

    again = mltrack_core.init(id=first.id, console="off")

    assert again.name == "first"
