"""The logger as a guest: ends, tuners, other processes, faults of ours."""

from __future__ import annotations

import functools
import inspect
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch.callbacks import EarlyStopping
from lightning.pytorch.tuner import Tuner

import mltrack_core
from mltrack.lightning import MLTrackLogger
from mltrack_core import guarded
from mltrack_core.records import Checkpoint
from mltrack_core.records import Params
from mltrack_core.records import RunEnded
from mltrack_core.records import RunStarted
from mltrack_core.records import Scalars
from mltrack_core.testing.recording import RecordingTracker
from mltrack_core.testing.spool import RecordedSpool
from mltrack_lightning.callback import MLTrackCallback

Make = Callable[..., Any]
Script = Callable[[str], tuple[int, str]]  # source → exit status, output

NURSERY = """
import json, os, sys
import lightning.pytorch, torch
for line in sys.stdin:
    path, environ = json.loads(line)
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status))
        continue
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(os.path.dirname(path))
    output = os.open("output", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.argv, sys.orig_argv = [path], [sys.executable, "-P", path]
    __file__ = path
    exec(compile(open(path).read(), path, "exec"))
    break
"""
PREAMBLE = """
import mltrack_core._launch
mltrack_core._launch.ensure_agent = lambda settings: False
import logging, os, signal, sys, warnings
warnings.simplefilter("ignore")
import lightning.pytorch as pl
import torch
from torch.utils.data import DataLoader, TensorDataset
from mltrack.lightning import MLTrackLogger
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)

class Module(pl.LightningModule):
    def __init__(self, act=id):
        super().__init__()
        self.layer, self.act = torch.nn.Linear(4, 1), act

    def training_step(self, batch, index):
        self.act(index)
        loss = self.layer(batch[0]).pow(2).mean()
        self.log("loss", loss)
        return loss

    def test_step(self, batch, index):
        self.log("test_loss", self.layer(batch[0]).pow(2).mean())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)

class Asking(Module):
    def training_step(self, batch, index):
        if not self.trainer.is_global_zero:
            self.logger.experiment.anything[0].at_all("is", index)
        return super().training_step(batch, index)

def data():
    return DataLoader(TensorDataset(torch.ones(16, 4)), batch_size=4)

def trainer(logger, **options):
    return pl.Trainer(logger=logger, **{
        "accelerator": "cpu", "devices": 1, "max_epochs": 1, "log_every_n_steps": 1,
        "enable_progress_bar": False, "enable_model_summary": False,
        "enable_checkpointing": False, **options})
"""


class Nursery:
    """A process that has loaded what takes long to load, and forks one for each script."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-u", "-c", NURSERY],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, path: Path, environ: Mapping[str, str]) -> int:
        """Run a script as its own process would, in its folder; return the exit status."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps([str(path), dict(environ)]) + "\n")
        stdin.flush()
        return int(stdout.readline())

    def close(self) -> None:
        """End it."""
        self._process.communicate()


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """One for all scripts."""
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.fixture
def script(nursery: Nursery, tmp_path: Path) -> Script:
    """Runs a script that trains."""

    def run(source: str) -> tuple[int, str]:
        path = tmp_path / "script.py"
        main = textwrap.indent(textwrap.dedent(source), "    ")
        path.write_text(f"{PREAMBLE}\nif __name__ == '__main__':\n{main}")
        status = nursery.run(path, os.environ)
        return status, (tmp_path / "output").read_text()

    return run


def ended(folder: Path) -> RunEnded:
    """Return how the only run ended."""
    (one,) = RecordedSpool(folder).of(RunEnded)
    return one


@pytest.mark.slow
def test_an_uncaught_exception_fails_the_run(script: Script, tmp_path: Path) -> None:
    """With its traceback."""
    status, output = script("""
        def act(index):
            if index == 2:
                raise ValueError("the data are bad")
        trainer(MLTrackLogger()).fit(Module(act), data())
    """)

    assert status == 1, output
    assert ended(tmp_path / "mltrack").state == "failed"
    assert "ValueError: the data are bad" in ended(tmp_path / "mltrack").traceback


@pytest.mark.slow
def test_ctrl_c_interrupts_the_run(script: Script, tmp_path: Path) -> None:
    """Lightning turns it into an exit with code 1."""
    status, output = script("""
        def act(index):
            if index == 2:
                raise KeyboardInterrupt
        trainer(MLTrackLogger()).fit(Module(act), data())
    """)

    assert status == 1, output
    assert ended(tmp_path / "mltrack").state == "interrupted"


@pytest.mark.slow
def test_sigterm_interrupts_the_run(script: Script, tmp_path: Path) -> None:
    """Lightning ends the training after the batch, with the exit code that it chooses."""
    source = """
        def act(index):
            if index == 2:
                os.kill(os.getpid(), signal.SIGTERM)
        trainer(LOGGER).fit(Module(act), data())
    """

    plain, _ = script(source.replace("LOGGER", "False"))
    status, _ = script(source.replace("LOGGER", "MLTrackLogger()"))

    assert status == plain
    assert ended(tmp_path / "mltrack").state == "interrupted"
    assert "SIGTERM" in ended(tmp_path / "mltrack").reason


@pytest.mark.slow
@pytest.mark.parametrize(("again", "state"), [(False, "failed"), (True, "finished")])
def test_a_caught_exception_fails_the_run_unless_a_later_fit_succeeds(
    script: Script, tmp_path: Path, again: bool, state: str
) -> None:
    """Trying again with smaller batches is no failure."""
    status, output = script(f"""
        def act(index):
            if index == 2:
                raise ValueError("out of memory")
        logger = MLTrackLogger()
        try:
            trainer(logger).fit(Module(act), data())
        except ValueError:
            pass
        if {again}:
            trainer(logger).fit(Module(), data())
    """)

    assert status == 0, output
    assert ended(tmp_path / "mltrack").state == state


def test_a_run_of_the_users_is_never_ended(
    make_module: Make, make_trainer: Make, batches: Make
) -> None:
    """Neither by a training that succeeds nor by one that fails."""
    run = mltrack_core.init(project="mine")
    logger = MLTrackLogger()
    trainer = make_trainer(logger)

    trainer.fit(make_module(), batches(2))
    with pytest.raises(TypeError):
        trainer.fit(make_module(), [None, 3])

    assert logger.run is run
    assert mltrack_core.active_run() is run


def test_early_stopping_says_why(
    run: RecordingTracker, make_module: Make, make_trainer: Make, batches: Make
) -> None:
    """In the words of the callback, with the epoch."""
    stop = EarlyStopping("train_loss_epoch", patience=1, min_delta=100)
    trainer = make_trainer(MLTrackLogger(run), callbacks=[stop], max_epochs=9)

    trainer.fit(make_module(), batches(2))

    fit = run.params["lightning.fit"]
    assert fit["stopped_by"] == "EarlyStopping"
    assert "train_loss_epoch" in str(fit["stopped_reason"])
    assert fit["stopped_epoch"] == fit["epochs_done"] == 2
    assert "EarlyStopping" in run.notes[0]


def test_a_training_that_ends_in_time_was_not_stopped(
    run: RecordingTracker, make_module: Make, make_trainer: Make, batches: Make
) -> None:
    """No reason is made up."""
    make_trainer(MLTrackLogger(run), callbacks=[EarlyStopping("train_loss_epoch")]).fit(
        make_module(), batches(2)
    )

    assert "stopped_by" not in run.params["lightning.fit"]
    assert run.notes == []


def test_what_a_tuner_trains_is_not_recorded(
    run: RecordingTracker, make_module: Make, make_trainer: Make, batches: Make
) -> None:
    """What it suggests is, and the run goes on with the training."""
    trainer = make_trainer(MLTrackLogger(run), max_epochs=1)
    module = make_module()

    found = Tuner(trainer).lr_find(module, batches(8), num_training=8, attr_name="rate")
    assert run.logged == []
    assert run.checkpoints == []
    trainer.fit(module, batches(4))

    assert found is not None
    assert run.params["lightning.tuner"]["learning_rate"] == found.suggestion()
    assert [step for step, _ in run.points("train_loss_step")] == [1, 2, 3, 4]
    assert run.ended is None


class WithData(pl.LightningModule):  # type: ignore[misc]  # untyped
    """Has a batch size that a tuner may change."""

    def __init__(self) -> None:
        super().__init__()
        self.batch_size, self.layer = 2, torch.nn.Linear(4, 1)

    def training_step(self, batch: Any, index: int) -> Any:
        loss = self.layer(batch[0]).pow(2).mean()
        self.log("loss", loss)
        return loss

    def train_dataloader(self) -> Any:
        data = torch.utils.data.TensorDataset(torch.ones(64, 4))
        return torch.utils.data.DataLoader(data, batch_size=self.batch_size)

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def test_a_search_for_a_batch_size_is_not_recorded(
    run: RecordingTracker, make_trainer: Make
) -> None:
    """What it suggests is, and the run goes on with the training."""
    trainer, module = make_trainer(MLTrackLogger(run), max_epochs=1), WithData()

    found = Tuner(trainer).scale_batch_size(module, max_trials=2, steps_per_trial=2)
    assert run.logged == []
    assert run.checkpoints == []
    trainer.fit(module)

    assert run.params["lightning.tuner"]["batch_size"] == found
    steps = [step for step, _ in run.points("loss")]
    assert steps == list(range(1, 64 // module.batch_size + 1))
    assert run.ended is None


def test_barebones_is_left_alone(make_module: Make, batches: Make, tmp_path: Path) -> None:
    """Lightning refuses loggers there itself; nothing of ours comes in another way."""
    trainer = pl.Trainer(barebones=True, accelerator="cpu", max_epochs=1)

    trainer.fit(make_module(), batches(2))

    assert not (tmp_path / "mltrack").exists()


HOOKS = [
    name
    for kind in (MLTrackCallback, MLTrackLogger)
    for name, member in vars(kind).items()
    if inspect.isfunction(member) and hasattr(member, "__wrapped__")
]


def test_every_hook_is_guarded() -> None:
    """Lightning calls what begins with "on_", and a few more."""
    called = {name for name in vars(MLTrackCallback) if name.startswith("on_")}

    assert called | {"setup", "teardown", "log_metrics"} <= {*HOOKS, "setup"}


@pytest.fixture
def whole_training(
    make_module: Make,
    make_trainer: Make,
    batches: Make,
    weights_of: Callable[[Any], bytes],
    tmp_path: Path,
) -> Callable[[object], tuple[bytes, list[float]]]:
    """Fits with validation and checkpoints, tests, saves; returns what it all came to."""

    def train(logger: object) -> tuple[bytes, list[float]]:
        module = make_module()
        trainer = make_trainer(logger, enable_checkpointing=True, max_epochs=2)
        trainer.fit(module, batches(3, shuffle=True), batches(1))
        trainer.test(module, batches(1), verbose=False)
        trainer.save_checkpoint(tmp_path / "final.ckpt")
        return weights_of(module), module.losses

    return train


_plain: list[object] = []  # what an untracked training comes to, found once


@pytest.mark.parametrize("name", HOOKS)
def test_a_fault_in_any_hook_leaves_the_training_as_it_is(
    name: str,
    run: RecordingTracker,
    whole_training: Callable[[object], tuple[bytes, list[float]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each call but the first one raises."""
    monkeypatch.setenv("MLTRACK_STRICT", "0")
    if not _plain:
        _plain.append(whole_training(False))
    owner = MLTrackCallback if name in vars(MLTrackCallback) else MLTrackLogger
    original = getattr(owner, name).__wrapped__
    calls = []

    @functools.wraps(original)
    def broken(*args: Any, **kwargs: Any) -> None:
        calls.append(name)
        if len(calls) > 1:
            raise RuntimeError("broken on purpose")
        original(*args, **kwargs)

    monkeypatch.setattr(owner, name, guarded(broken))

    assert whole_training(MLTrackLogger(run)) == _plain[0]
    assert calls or name in ("on_exception", "on_load_checkpoint", "on_predict_start")


class FailsLater(RecordingTracker):
    """A tracker that works for so many calls, and then raises in each."""

    def __init__(self, left: int) -> None:
        super().__init__()
        self.left = left

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise RuntimeError("broken on purpose")

    def log(self, *args: Any, **kwargs: Any) -> None:
        self._count()
        super().log(*args, **kwargs)

    def log_params(self, *args: Any, **kwargs: Any) -> None:
        self._count()
        super().log_params(*args, **kwargs)

    def log_checkpoint(self, *args: Any, **kwargs: Any) -> None:
        self._count()
        super().log_checkpoint(*args, **kwargs)


@pytest.mark.parametrize("calls", [1, 2, 4, 7, 11, 16, 22])
def test_a_tracker_that_fails_midway_leaves_the_training_as_it_is(
    calls: int,
    whole_training: Callable[[object], tuple[bytes, list[float]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever it was doing just then."""
    monkeypatch.setenv("MLTRACK_STRICT", "0")
    if not _plain:
        _plain.append(whole_training(False))
    run = FailsLater(calls)

    assert whole_training(MLTrackLogger(run)) == _plain[0]
    assert run.left < 0


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["ddp", "ddp_spawn"])
def test_two_processes_are_one_run(script: Script, tmp_path: Path, strategy: str) -> None:
    """Only rank 0 records; the other one's `experiment` takes everything and does nothing."""
    status, output = script(f"""
        both = trainer(MLTrackLogger(), devices=2, strategy={strategy!r})
        both.fit(Asking(), data())
    """)

    assert status == 0, output
    spool = RecordedSpool(tmp_path / "mltrack")
    (run,) = spool.runs()
    streams = spool.streams(run)
    points = [r for stream in streams for r in stream if isinstance(r, Scalars)]
    losses = [r.step for r in points if "loss" in r.values]
    assert losses == [1, 2]
    assert any("grad/norm" in r.values for r in points)


@pytest.mark.slow
def test_gradients_of_two_processes_are_the_reduced_ones(script: Script, tmp_path: Path) -> None:
    """What both of them step with: the norm of the mean of their gradients."""
    status, output = script("""
        class Probe(pl.Callback):
            def on_before_optimizer_step(self, trainer, module, optimizer):
                norm = torch.nn.utils.get_total_norm([p.grad for p in module.parameters()])
                if trainer.is_global_zero and trainer.global_step == 0:
                    print("norm", float(norm))
        both = trainer(MLTrackLogger(), devices=2, strategy="ddp", callbacks=[Probe()])
        both.fit(Module(), DataLoader(TensorDataset(torch.randn(16, 4)), batch_size=4))
    """)

    assert status == 0, output
    (expected,) = [float(line.split()[1]) for line in output.splitlines() if "norm" in line]
    found = [r.values["grad/norm"] for r in RecordedSpool(tmp_path / "mltrack").of(Scalars)
             if "grad/norm" in r.values]  # fmt: skip
    assert found[0] == pytest.approx(expected, rel=1e-5)


@pytest.mark.slow
def test_sharded_processes_write_one_checkpoint_and_have_whole_norms(
    script: Script, tmp_path: Path
) -> None:
    """Each has half of every weight, and writes its file into the same folder."""
    status, output = script("""
        from lightning.pytorch.callbacks import ModelCheckpoint
        from lightning.pytorch.strategies import ModelParallelStrategy
        from torch.distributed.fsdp import fully_shard

        class Sharded(Module):
            def configure_model(self):
                if not hasattr(self.layer.weight, "to_local"):
                    fully_shard(self.layer, mesh=self.device_mesh["data_parallel"])

        class Probe(pl.Callback):
            def on_before_optimizer_step(self, trainer, module, optimizer):
                norm = torch.nn.utils.get_total_norm([p.grad for p in module.parameters()])
                norm = float(norm.full_tensor())
                if trainer.is_global_zero and trainer.global_step == 0:
                    print("norm", norm)

        strategy = ModelParallelStrategy(
            data_parallel_size=2, tensor_parallel_size=1, process_group_backend="gloo")
        both = trainer(MLTrackLogger(), devices=2, strategy=strategy, enable_checkpointing=True,
            callbacks=[Probe(), ModelCheckpoint("kept", filename="{epoch}")])
        both.fit(Sharded(), DataLoader(TensorDataset(torch.randn(16, 4)), batch_size=4))
    """)

    assert status == 0, output
    (expected,) = [float(line.split()[1]) for line in output.splitlines() if "norm" in line]
    spool = RecordedSpool(tmp_path / "mltrack")
    (run,) = spool.runs()
    records = [record for stream in spool.streams(run) for record in stream]
    norms = [r.values["grad/norm"] for r in records
             if isinstance(r, Scalars) and "grad/norm" in r.values]  # fmt: skip
    assert norms[0] == pytest.approx(expected, rel=1e-5)
    (found,) = [record for record in records if isinstance(record, Checkpoint)]
    assert found.is_folder
    names = {file.path for file in found.files}
    assert names == {".metadata", "meta.pt", "__0_0.distcp", "__1_0.distcp"}


@pytest.mark.slow
def test_lightning_cli_works_twice_in_one_folder(script: Script, tmp_path: Path) -> None:
    """It saves config.yaml into the logger's folder; what is in it are parameters of the run."""
    pytest.importorskip("jsonargparse")
    source = """
        from lightning.pytorch.cli import LightningCLI
        class WithData(Module):
            def __init__(self):
                super().__init__()
            def train_dataloader(self):
                return data()
        LightningCLI(WithData, args=["fit", "--trainer.accelerator=cpu",
            "--trainer.devices=1", "--trainer.max_epochs=1",
            "--trainer.enable_progress_bar=false",
            "--trainer.logger=mltrack.lightning.MLTrackLogger",
            "--trainer.logger.project=cli"])
    """

    first, second = script(source), script(source)

    assert first[0] == 0, first[1]
    assert second[0] == 0, second[1]
    spool = RecordedSpool(tmp_path / "mltrack")
    assert len(spool.runs()) == 2
    started = spool.of(RunStarted, spool.runs()[0])
    assert started[0].project == "cli"
    assert len(list(tmp_path.rglob("config.yaml"))) == 2
    found: dict[str, object] = {}
    for params in spool.of(Params, spool.runs()[0]):
        if params.namespace == "lightning.cli":
            found |= params.values
    assert found["trainer.max_epochs"] == 1
    assert found["trainer.logger.init_args.project"] == "cli"
    assert Path(str(found["config_file"])).is_file()
