"""Blobs: whole or not there, whoever writes them and whenever he is killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mltrack_core.blobs import BlobFolder
from mltrack_core.blobs import digest_of
from mltrack_core.blobs import is_digest

DATA = b"weights" * 1000
DIGEST = digest_of(DATA)


def test_a_blob_is_kept_once_under_its_hash(tmp_path: Path) -> None:
    """Only its owner reads it, and nothing else is left behind."""
    blobs = BlobFolder(tmp_path / "blobs")

    assert blobs.put(DIGEST, DATA)
    assert not blobs.put(DIGEST, DATA)
    blobs.secure()

    assert blobs.has(DIGEST)
    assert blobs.path(DIGEST).read_bytes() == DATA
    assert blobs.path(DIGEST).stat().st_mode & 0o777 == 0o600
    assert list((tmp_path / "blobs" / "tmp").iterdir()) == []


@pytest.mark.parametrize("text", ["", "a" * 63, "A" * 64, "g" * 64, "a" * 64 + "\n", "../" * 22])
def test_what_is_no_hash_names_no_file(text: str) -> None:
    """A record or a request could hold anything."""
    assert not is_digest(text)


@pytest.mark.slow
def test_a_killed_writer_leaves_whole_blobs_only(tmp_path: Path) -> None:
    """What has the name has the bytes; what it was about to write is removed in time."""
    writer = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from mltrack_core.blobs import BlobFolder, digest_of\n"
        "print(flush=True)\n"
        "while data := os.urandom(200_000):\n"
        "    BlobFolder(Path(sys.argv[1])).put(digest_of(data), data)\n"
    )
    for kill in range(10):
        process = subprocess.Popen(
            [sys.executable, "-c", writer, str(tmp_path)], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        process.stdout.readline()
        while not any(path.is_file() for path in tmp_path.rglob("*")):
            time.sleep(0.001)
        time.sleep(0.003 * kill)  # each kill meets another instant
        process.kill()
        process.communicate()

    blobs = [path for path in tmp_path.rglob("*") if path.is_file() and is_digest(path.name)]
    assert blobs
    assert all(digest_of(path.read_bytes()) == path.name for path in blobs)
    for path in (tmp_path / "tmp").iterdir():
        os.utime(path, (0, 0))
    BlobFolder(tmp_path).tidy()
    assert list((tmp_path / "tmp").iterdir()) == []
