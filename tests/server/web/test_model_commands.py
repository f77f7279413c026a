"""Models from the terminal and from Python, in a folder and through a server alike."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import mltrack
from mltrack._cli import main
from mltrack.reading.checkpoints import CheckpointUnavailable
from mltrack.reading.run import NotFound
from mltrack_core.records import Artifact
from mltrack_core.records import ArtifactFile
from mltrack_core.records import Checkpoint
from mltrack_core.records import CheckpointFile
from mltrack_server.errors import ModelRefused
from mltrack_server.lock import store_url
from mltrack_server.store import Store
from mltrack_server.testing import Agent
from mltrack_server.testing import serve
from mltrack_server.testing import started

ID = "0" * 31
WEIGHTS = b"weights"


@pytest.fixture(params=["folder", "server"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Give a folder or a server with a run: checkpoint 10 is stored, 20 only recorded."""
    for name in ("MLTRACK_URL", "MLTRACK_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    digest = hashlib.sha256(WEIGHTS).hexdigest()
    kept = [
        Checkpoint(
            number, f"{ID}{number}", f"/runs/{number}.pt", number * 10, ["last"],
            [CheckpointFile("1.pt", 7, 5)], metrics={"acc": number / 10},
        )
        for number in (1, 2)
    ]  # fmt: skip
    artifact = Artifact(3, f"{ID}1", [ArtifactFile("1.pt", 7, digest, [digest])])
    with Store(store_url(tmp_path)) as store:
        store.blobs.put(digest, WEIGHTS)
        store.apply([agent.batch(0, started(project="mnist"), *kept, artifact)])
    if request.param == "folder":
        yield str(tmp_path)
    else:
        with serve(tmp_path) as server:
            yield server.address


def test_registered_pointed_at_and_brought_back(place: str, agent: Agent, tmp_path: Path) -> None:
    """The bytes are the checkpoint's; a run's checkpoint is named by role, step or id."""
    with mltrack.open(place) as reader:
        run = reader.run(agent.run)
        made = run.register("digits", 10, alias="champion", why="first", author="ada")
        run.register("digits")

        model = reader.model("digits", "mnist")
        champion = reader.model_version("digits@champion")
        assert (made.version, made.step, made.metrics) == (1, 10, {"acc": 0.1})
        assert champion.details == made.details
        assert champion.digest == hashlib.sha256(WEIGHTS).hexdigest()
        assert [each.step for each in model.versions] == [20, 10]
        assert [reader.model_version(f"digits{each}").version for each in ("", "@1")] == [2, 1]
        assert champion.download(tmp_path / "out").read_bytes() == WEIGHTS
        with pytest.raises(CheckpointUnavailable, match="not kept"):
            reader.model_version("digits").download(tmp_path / "out")
        moved = model.point("champion", 2, why="newer")
        assert moved.aliases == {"champion": 2}
        with pytest.raises(ModelRefused, match="Meanwhile champion was pointed at version 2"):
            model.point("champion", None)
        assert [each.name for each in reader.models("mnist")] == ["digits"]
        assert reader.models("other") == []
        for wrong in ("digit", "digits@9"):
            with pytest.raises(ModelRefused):
                reader.model_version(wrong)
        with pytest.raises(ModelRefused, match="name"):
            run.register("no such name")
        with pytest.raises(NotFound, match="no checkpoint of step 11"):
            run.register("digits", 11)


def test_the_commands_say_what_is_there(
    place: str, agent: Agent, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Registered, listed, moved and downloaded; what is wrong is said in a line."""
    there = ["--from", place]
    champion = ["--alias", "champion", "--why", "first"]
    assert main(["register", f"{agent.run}:10", "digits", *champion, *there]) == 0
    assert "digits@1: step 10" in capsys.readouterr().out
    assert main(["register", agent.run, "digits", *there]) == 0
    assert "mltrack does not hold its bytes" in capsys.readouterr().err
    assert main(["models", *there]) == 0
    assert "champion@1" in capsys.readouterr().out
    assert main(["models", "digits@2", "--alias", "champion", "--why", "better", *there]) == 0
    assert "champion: 1 → 2" in capsys.readouterr().out
    assert main(["models", "digits@1", "--download", str(tmp_path / "out"), *there]) == 0
    assert Path(capsys.readouterr().out.strip()).read_bytes() == WEIGHTS
    assert main(["models", "digits", "--remove-alias", "champion", *there]) == 0
    shown = capsys.readouterr().out
    assert "champion: 2 → nowhere" in shown
    assert "acc=0.2" in shown

    assert main(["models", "--alias", "champion", *there]) == 2
    assert main(["models", "digits@1", "--why", "better", *there]) == 2
    assert main(["register", agent.run, "digits", "--why", "better", *there]) == 2
    assert "--why is kept with a move" in capsys.readouterr().err
    assert main(["models", "nobody", *there]) == 1
    assert "no model 'nobody'" in capsys.readouterr().err
    assert main(["register", f"{agent.run}:11", "digits", *there]) == 1
    assert "no checkpoint of step 11" in capsys.readouterr().err


def test_renamed_deleted_and_restored(
    place: str, agent: Agent, capsys: pytest.CaptureFixture[str]
) -> None:
    """The old name leads there; a deleted model is found by nobody until it is restored."""
    there = ["--from", place]
    with mltrack.open(place) as reader:
        reader.run(agent.run).register("digits", 10, alias="champion")
        assert reader.model("digits").rename("numbers", author="ada").name == "numbers"
        assert reader.model("digits").details.namings[0].author == "ada"
        assert reader.model_version("digits@champion").name == "numbers"
        with pytest.raises(ModelRefused, match="name"):
            reader.model("numbers").rename("a b")

    assert main(["models", "digits", "--rename", "mnist", *there]) == 0
    assert "digits is called numbers now" in capsys.readouterr().err
    assert main(["models", "mnist", "--delete", *there]) == 0
    assert "champion lead nowhere" in capsys.readouterr().out
    assert main(["models", "numbers", *there]) == 1
    assert main(["models", "--deleted", *there]) == 0
    assert "mnist" in capsys.readouterr().out
    assert main(["models", "mnist", "--restore", *there]) == 0
    assert main(["models", "digits@champion", *there]) == 0
    assert main(["models", "mnist", "--restore", *there]) == 1
    for wrong in (["mnist@1", "--delete"], ["mnist", "--delete", "--restore"], ["--rename", "x"]):
        assert main(["models", *wrong, *there]) == 2
