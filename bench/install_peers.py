"""Make one virtual environment for each peer, below PEERS (default: in the temporary folder).

They are for the benchmark only: mltrack itself depends on none of them.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

PEERS = {
    "trackio": ["trackio"],
    "wandb": ["wandb"],
    "tensorboard": ["tensorboard", "torch"],
    "mlflow": ["mlflow", "psycopg2-binary"],  # the latter for its server on PostgreSQL
    "aim": ["aim"],
}
DEFAULT_FOLDER = Path(tempfile.gettempdir()) / "mltrack-peers"


def main() -> None:
    """Install the peers that are named, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peers", nargs="*", help=f"of {', '.join(PEERS)}; default: all")
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER)
    options = parser.parse_args()
    for peer in options.peers or PEERS:
        folder = options.folder / peer
        if not folder.exists():
            venv.create(folder, with_pip=True)
        pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet"]
        done = subprocess.run([*pip, *PEERS[peer]])
        sys.stderr.write(f"{peer}: {'installed' if done.returncode == 0 else 'failed'}\n")


if __name__ == "__main__":
    main()
