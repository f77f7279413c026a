"""Files that a server has."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from typing import TYPE_CHECKING
from typing import Final

from mltrack_core.errors import ServerUnreachable

if TYPE_CHECKING:
    import requests

_PART_BYTES: Final = 1 << 20
_FAILURES_MAX: Final = 5  # of a download, without a byte in between


class RemoteFile:
    """A file that a server has; a broken connection goes on where it broke.

    Args:
        ask: Sends a request to the server.
        path: Of the file.
    """

    def __init__(self, ask: Callable[..., requests.Response], path: str) -> None:
        self._ask, self._path = ask, path

    def read(self, start: int = 0) -> Iterator[bytes]:
        """Yield its bytes from *start* on.

        Raises:
            LookupError: The server does not have it.
            ServerUnreachable: The connection broke again and again.
            ServerRefused: The answer is no.
        """
        import requests

        failures = 0
        while True:
            answer = self._ask(self._path, {}, accept="application/octet-stream", start=start)
            if answer.status_code == 404 or (start and answer.status_code != 206):
                raise LookupError(self._path)
            try:
                for part in answer.iter_content(_PART_BYTES):
                    start += len(part)
                    failures = 0
                    yield part
                return
            except requests.RequestException as error:
                failures += 1
                if failures > _FAILURES_MAX:
                    reason = f"broke off ({type(error).__name__})"
                    raise ServerUnreachable(self._path, reason) from error
            finally:
                answer.close()
