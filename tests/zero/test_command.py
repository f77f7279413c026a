"""`mltrack run` as a shell sees it: what runs, with which arguments, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mltrack_core.records import RunEnded
from mltrack_core.records import RunStarted
from mltrack_core.testing.spool import RecordedSpool

Launch = Callable[..., subprocess.CompletedProcess[str]]
Write = Callable[..., Path]

RUN = (sys.executable, "-m", "mltrack._cli", "run")
ITSELF = """
    import os, sys
    print(sys.argv, __name__, __file__, sys.path, os.getcwd(), __spec__ and __spec__.name)
    ours = {name for name in sys.modules if name.startswith("mltrack.launch.")}
    print({*sys.modules} - ours - {"_weakref", "__future__"} == {NAMES})
    print(sys.flags, type(__loader__))
    print("to stderr", file=sys.stderr)
"""
RECORDS = """
    import mltrack
    run = mltrack.init()
    run.log({"loss": 1.0})
"""


@pytest.mark.parametrize("way", ["script", "module", "command", "after dashes"])
def test_a_program_sees_what_it_would_see_without(launch: Launch, write: Write, way: str) -> None:
    """Arguments, names, paths, loaded modules, output and exit code are the same."""
    print_names = "import sys; print({*sys.modules} - {'_weakref', '__future__'})"
    names = launch(sys.executable, "-c", print_names).stdout.strip()
    write(ITSELF.replace("{NAMES}", names))
    write(ITSELF.replace("{NAMES}", names), "package/__main__.py")
    words = {
        "script": ("train.py", "a", "--b", "--", "-m"),
        "after dashes": ("--", "train.py", "--name", "x"),
        "module": ("-m", "package", "--lr", "3", "--name", "x", "--", "-m", "y"),
        "command": (sys.executable, "train.py", "-v"),
    }[way]
    plain = [word for word in words if way != "after dashes" or word != "--"]

    bare = launch(*([] if way == "command" else [sys.executable]), *plain)
    recorded = launch("run", *words)

    assert (recorded.stdout, recorded.stderr) == (bare.stdout, bare.stderr)
    assert recorded.returncode == bare.returncode


@pytest.mark.parametrize(
    "ending",
    [
        "pass",
        "sys.exit(3)",
        "sys.exit('out of data')",
        "raise ValueError('boom')",
        "import no_such_module",
        "os.kill(os.getpid(), signal.SIGKILL)",
        "os.kill(os.getpid(), signal.SIGTERM)",
        "raise KeyboardInterrupt",
    ],
)
def test_it_ends_as_the_program_ends(launch: Launch, write: Write, ending: str) -> None:
    """Exit code or signal, and the traceback to the letter."""
    write(f"import os, signal, sys\nprint('begun', flush=True)\n{ending}")

    bare = launch(sys.executable, "train.py")
    recorded = launch("run", "train.py")

    assert recorded.returncode == bare.returncode
    assert (recorded.stdout, recorded.stderr) == (bare.stdout, bare.stderr)


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        ([], 2, "what is to be run?"),
        (["-m"], 2, "name of a module"),
        (["--id", "mine", "train.py"], 2, "32 hexadecimal digits"),
        (["--no-such", "train.py"], 2, "--no-such"),
        (["missing.py"], 127, "missing.py: there is no such file"),
        (["no-such-command"], 127, "no-such-command: there is no such command"),
        (["./missing"], 127, "./missing: there is no such file"),
        (["."], 126, "folder"),
        (["./data.txt"], 126, "./data.txt is not executable"),
        (["./binary"], 126, "Exec format error"),
        (["folder.py"], 126, "folder.py is a folder"),
    ],
)
def test_what_cannot_be_run_is_told_as_the_shell_does(
    launch: Launch, write: Write, words: list[str], status: int, says: str
) -> None:
    """127: not found; 126: found, but no program; 2: not what the command line takes."""
    write("1, 2", "data.txt")
    write("no program", "binary").chmod(0o755)
    write("", "folder.py/inside")

    ended = launch("run", *words)

    assert ended.returncode == status
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr


def test_what_is_asked_for_reaches_the_run(
    launch: Launch, write: Write, spool: RecordedSpool
) -> None:
    """Project, name, group and tags, also where the program begins its run itself."""
    write(RECORDS)

    launch(
        "run", "--project", "mnist", "--name", "first", "--group", "g", "--tag", "a", "--tag", "b",
        "train.py",
    )  # fmt: skip

    (started,) = spool.of(RunStarted)
    assert (started.project, started.name, started.group) == ("mnist", "first", "g")
    assert started.tags == ["a", "b"]


def test_a_run_can_be_named_to_go_on(launch: Launch, write: Write, spool: RecordedSpool) -> None:
    """The same id again is the next attempt."""
    write(RECORDS)
    run = "0123456789abcdef" * 2

    launch("run", "--id", run, "train.py")
    launch("run", "--id", run, "train.py")

    assert spool.runs() == [run]
    first, second = spool.streams(run)
    assert [stream[0].attempt for stream in (first, second)] == [1, 2]  # type: ignore[union-attr]


def test_trainings_of_one_command_are_runs_one_after_the_other(
    launch: Launch, write: Write, spool: RecordedSpool
) -> None:
    """A script that trains twice, in two processes and twice in one, makes a run of each."""
    write(RECORDS)
    write(f"{RECORDS}    run = mltrack.init(name='twice')\n", "twice.py")
    write(f"{sys.executable} train.py && {sys.executable} twice.py", "all.sh")

    launch("run", "bash", "all.sh")

    names = [stream[0].name for run in spool.runs() for (stream) in spool.streams(run)]  # type: ignore[union-attr]
    assert len(names) == 3
    assert names[-1] == "twice"


def test_ranks_of_one_training_are_one_run(
    launch: Launch, write: Write, spool: RecordedSpool
) -> None:
    """Each rank writes its own stream of it, also of the second training."""
    write(RECORDS)
    rank = f"RANK=$1 WORLD_SIZE=2 {sys.executable} train.py"
    write(f"{rank.replace('$1', '0')} & {rank.replace('$1', '1')} & wait\n" * 2, "both.sh")

    launch("run", "bash", "both.sh")

    first, second = spool.runs()
    for run in (first, second):
        started = [stream[0] for stream in spool.streams(run)]
        assert sorted(one.rank for one in started) == [0, 1]  # type: ignore[union-attr]
        assert {one.attempt for one in started} == {1}  # type: ignore[union-attr]


def test_what_a_launcher_starts_again_goes_on(
    launch: Launch, write: Write, spool: RecordedSpool
) -> None:
    """When torchrun restarts failed ranks, the second try is the run's second attempt."""
    write(RECORDS)
    again = f"TORCHELASTIC_RESTART_COUNT=1 {sys.executable} train.py"
    write(f"{sys.executable} train.py; {again}", "elastic.sh")

    launch("run", "bash", "elastic.sh")

    (run,) = spool.runs()
    assert [stream[0].attempt for stream in spool.streams(run)] == [1, 2]  # type: ignore[union-attr]


def test_with_exec_there_is_no_process_between(launch: Launch, write: Write) -> None:
    """The program has the process id that the scheduler started."""
    write("import os; print(os.getpid())")
    with subprocess.Popen(
        [*RUN, "--exec", "train.py"], stdout=subprocess.PIPE, text=True, cwd=write("", "x").parent
    ) as program:
        output, _ = program.communicate()

    assert int(output) == program.pid


def test_disabled_runs_the_program_and_nothing_else(
    launch: Launch, write: Write, tmp_path: Path
) -> None:
    """MLTRACK_MODE=disabled leaves no trace, not even in the program's modules."""
    write("import argparse, sys; print([n for n in sys.modules if 'mltrack' in n])")

    ended = launch("run", "train.py", MLTRACK_MODE="disabled")

    assert ended.stdout == "[]\n"
    assert not (tmp_path / "mltrack").exists()


# ---- signals ----

WAITS = """
    import signal, sys, time
    import mltrack
    run = mltrack.init()
    {setup}
    try:
        print("ready", flush=True)
        while True:
            time.sleep(0.01)
    finally:
        print("left", flush=True)
"""


@pytest.fixture
def start(write: Write) -> Callable[..., subprocess.Popen[str]]:
    """Starts a program that waits for a signal, in a process group of its own."""

    def start(setup: str = "") -> subprocess.Popen[str]:
        path = write(WAITS.format(setup=setup))
        program = subprocess.Popen(
            [*RUN, path.name],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=path.parent,
            start_new_session=True,
        )
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        return program

    return start


Start = Callable[..., subprocess.Popen[str]]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP])
def test_a_signal_reaches_the_program_that_waits_for_it(
    start: Start, spool: RecordedSpool, number: signal.Signals
) -> None:
    """A scheduler warns whom it started, and the program's own handler hears of it, once."""
    program = start(f"signal.signal({number.value}, lambda *_: (print('heard'), sys.exit(7)))")

    program.send_signal(number)
    output, _ = program.communicate()

    assert output == "heard\nleft\n"
    assert program.returncode == 7


def test_a_program_killed_by_a_signal_kills_us_by_it(start: Start, spool: RecordedSpool) -> None:
    """Who looks at how we ended sees how the program did."""
    program = start()

    program.terminate()
    program.communicate()

    assert program.returncode == -signal.SIGTERM


def test_ctrl_c_reaches_the_program_once(start: Start, spool: RecordedSpool) -> None:
    """It means both of us; the run is interrupted, and nothing is left behind."""
    program = start()

    os.killpg(program.pid, signal.SIGINT)  # as the terminal does
    output, errors = program.communicate()

    assert output == "left\n"
    assert errors.count("KeyboardInterrupt") == 1
    assert program.returncode == -signal.SIGINT
    (ended,) = spool.of(RunEnded)
    assert (ended.state, ended.reason) == ("interrupted", "Ctrl-C")
    with pytest.raises(ProcessLookupError):
        os.killpg(program.pid, 0)


# ---- Python's start ----


def test_the_users_own_sitecustomize_still_runs(launch: Launch, write: Write) -> None:
    """Ours comes first and hands over, in a child too."""
    write("print('theirs')", "site/sitecustomize.py")
    write("import subprocess, sys; sys.exit(subprocess.call([sys.executable, '-c', 'print(1)']))")

    ended = launch("run", "train.py", PYTHONPATH=_with_path("site"))

    # In mltrack itself, the program and its child; each writes when its buffer is emptied.
    assert sorted(ended.stdout.split()) == ["1", "theirs", "theirs", "theirs"]
    assert ended.stderr == ""


def test_a_sitecustomize_that_fails_is_told_as_ever(launch: Launch, write: Write) -> None:
    """Python prints its line and goes on."""
    write("raise ValueError('theirs')", "site/sitecustomize.py")
    write("print('trained')")
    path = _with_path("site")

    bare = launch(sys.executable, "train.py", PYTHONPATH=path)
    recorded = launch("run", "train.py", PYTHONPATH=path)

    assert bare.stdout == recorded.stdout == "trained\n"
    assert recorded.stderr == bare.stderr * 2  # in mltrack itself, and in the program


def test_an_isolated_child_is_not_reached_and_not_harmed(launch: Launch, write: Write) -> None:
    """`python -I` reads no PYTHONPATH."""
    write("print('mltrack.launch.taps' in __import__('sys').modules)")

    ended = launch("run", sys.executable, "-I", "train.py")

    assert (ended.stdout, ended.stderr, ended.returncode) == ("False\n", "", 0)


@pytest.mark.parametrize(
    "words",
    [
        ["-c", "{} # like any other program"],
        ["-c", "from multiprocessing import process; {}"],
        ["-c", "{}", "--multiprocessing-fork"],
        ["-c", "{} # cdll.LoadLibrary('x.so')"],
    ],
)
def test_a_process_that_serves_another_has_no_taps(launch: Launch, words: list[str]) -> None:
    """Resource trackers, workers, and what torch.compile asks of a Python."""
    look = "import argparse; print(vars(argparse.ArgumentParser.parse_known_args))"

    ended = launch("run", sys.executable, *(word.replace("{}", look) for word in words))

    assert ("wrapped" in ended.stdout) == ("any other" in words[1])
    assert (ended.stderr, ended.returncode) == ("", 0)


def test_a_python_without_mltrack_says_so_and_goes_on(launch: Launch, write: Write) -> None:
    """A script may use several Pythons; those that lack us train as ever."""
    write("raise ImportError('hidden')", "hide/mltrack_core.py")
    write("", "hide/transformers/__init__.py")
    write("class Parser: pass", "hide/transformers/hf_argparser.py")
    write("import transformers.hf_argparser; print('trained')")

    only_hidden = "PYTHONPATH=${PYTHONPATH%%:*}:hide exec "
    ended = launch("run", "bash", "-c", f"{only_hidden} {sys.executable} train.py")

    assert (ended.stdout, ended.returncode) == ("trained\n", 0)
    assert ended.stderr.count("records nothing by itself") == 1


def _with_path(*folders: str) -> str:
    """Return a PYTHONPATH of some folders and what the tests themselves need."""
    own = os.environ.get("PYTHONPATH", "")
    return os.pathsep.join([*folders, *filter(None, [own])])
