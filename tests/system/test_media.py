"""An image's way, whoever is killed when: logged, delivered by a real agent, read from a server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
import requests

import mltrack
from mltrack_core.spool import layout
from mltrack_server.testing import serve

pytestmark = pytest.mark.slow

TRAINING = """
    import os, signal
    import numpy as np
    import mltrack

    run = mltrack.init()
    numbers = np.random.default_rng(0)
    for step in range(20):
        noise = numbers.integers(0, 256, (150, 150), dtype=np.uint8)
        run.log({"noise": mltrack.Image(noise, caption=str(step))}, step=step)
        print(run.id, noise.sum(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_every_image_that_was_logged_before_a_kill_arrives(tmp_path: Path) -> None:
    """Records and bytes, through the agent that the training itself started."""
    root = tmp_path / "mltrack"
    script = tmp_path / "train.py"
    script.write_text(textwrap.dedent(TRAINING))
    with serve(tmp_path / "server", token="a-token-for-tests-0123456789") as server:
        clean = {name: text for name, text in os.environ.items() if "MLTRACK" not in name}
        told = {"MLTRACK_DIR": str(root), "MLTRACK_URL": server.address}
        killed = subprocess.run(
            [sys.executable, "-P", str(script)],
            env={**clean, **told, "MLTRACK_TOKEN": server.token},
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        try:
            run = killed.stdout.split()[0]
            images = f"/api/v1/runs/{run}/media/records?name=noise"
            deadline = time.monotonic() + 60
            while not _are_all_here(server.get(images)):
                assert time.monotonic() < deadline, "they never came"
                time.sleep(0.1)
        finally:
            pid = int((root / layout.AGENT_LOCK_FILE).read_text() or 0)
            if pid:  # 0 would be all of us
                os.kill(pid, signal.SIGKILL)

        with pytest.MonkeyPatch.context() as settings:
            settings.setenv("MLTRACK_TOKEN", server.token)
            settings.setenv("MLTRACK_URL", server.address)
            with mltrack.open() as reader:
                found = [each.read() for each in reader.run(run).media("noise")]

    assert killed.returncode == -signal.SIGKILL
    assert len(found) == 20
    assert len(set(found)) == 20


def _are_all_here(answer: requests.Response) -> bool:
    """Tell whether all records have come, and the bytes that they name."""
    if answer.status_code == 404:
        return False
    items = [item for record in answer.json()["records"] for item in record["items"]]
    return len(items) == 20 and all(item["file"]["is_here"] for item in items)
