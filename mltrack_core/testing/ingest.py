"""A small ingest server that can be told to misbehave."""

from __future__ import annotations

import hashlib
import http.server
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import msgspec

from mltrack_core.agent.client import CONTENT_TYPE
from mltrack_core.agent.client import zstd
from mltrack_core.errors import MltrackError
from mltrack_core.spool.frame import Frame
from mltrack_core.spool.segment import Batch


class IngestServer:
    """Stores what is sent to it, exactly once and in order, unless its script says otherwise.

    `script` is used up request by request, GET and POST alike: an int is the status to answer
    without doing anything, "drop" does the work and then hangs up instead of answering, "garbage"
    answers 200 with a page that is none of ours, "work" does the work.
    """

    def __init__(self) -> None:
        self.url = ""
        self.token = ""  # asked for if set
        self.script: deque[int | str] = deque()
        self.headers: dict[str, str] = {}  # sent with every scripted status
        self.poison = b""  # a batch with this in a payload is refused …
        self.poison_status = 413
        self.streams: dict[tuple[str, str], list[Frame]] = {}
        self.blobs: dict[str, bytes] = {}  # by SHA-256
        self.requests: list[tuple[str, int]] = []  # method and answered status
        self.encodings: list[str] = []  # Content-Encoding of each batch; "" for none
        self.refuses_all = False

    @property
    def payloads(self) -> list[bytes]:
        """Everything stored, stream by stream."""
        return [frame.payload for frames in self.streams.values() for frame in frames]

    @contextmanager
    def running(self) -> Iterator[IngestServer]:
        """Serve on a free port of the loopback."""
        ours = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                ours._serve(self, b"")

            def do_POST(self) -> None:
                ours._serve(self, self.rfile.read(int(self.headers["Content-Length"])))

            def do_HEAD(self) -> None:
                ours._serve_blob(self)

            def do_PUT(self) -> None:
                ours._serve_blob(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's
                return

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            server.daemon_threads = True
            self.url = f"http://127.0.0.1:{server.server_port}"
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()

    def _serve(self, request: http.server.BaseHTTPRequestHandler, body: bytes) -> None:
        act = self.script.popleft() if self.script else "work"
        if isinstance(act, int):
            self._answer(request, act, b"{}", self.headers)
            return
        if act == "garbage":
            self._answer(request, 200, b"<html>Please log in</html>", {})
            return
        status, position = self._work(request, body)
        if act == "drop":
            self.requests.append((request.command, 0))
            request.close_connection = True
            return
        self._answer(request, status, msgspec.json.encode({"next_seq": position}), {})

    def _work(self, request: http.server.BaseHTTPRequestHandler, body: bytes) -> tuple[int, int]:
        """Do what a server does; return status and next_seq."""
        if self.token and request.headers["Authorization"] != f"Bearer {self.token}":
            return HTTPStatus.UNAUTHORIZED, 0
        run, stream = request.path.split("/")[-2:]
        stored = self.streams.setdefault((run, stream), [])
        if request.command == "GET":
            return HTTPStatus.OK, len(stored)
        assert request.headers["Content-Type"] == CONTENT_TYPE
        self.encodings.append(request.headers["Content-Encoding"] or "")
        if self.encodings[-1] == "zstd":
            body = zstd.decompress(body)
        try:
            batch = Batch.unpack(body)
        except MltrackError:
            return HTTPStatus.BAD_REQUEST, 0
        assert (batch.header.run, batch.header.stream) == (run, stream)
        if self.refuses_all or (self.poison and self.poison in body):
            return self.poison_status, 0
        if batch.header.first_seq > len(stored):
            return HTTPStatus.CONFLICT, len(stored)
        stored += batch.frames[len(stored) - batch.header.first_seq :]
        return HTTPStatus.OK, len(stored)

    def _serve_blob(self, request: http.server.BaseHTTPRequestHandler) -> None:
        """Say whether a blob is here, or keep it."""
        digest = request.path.rpartition("/")[2]
        if request.command == "PUT":
            data = request.rfile.read(int(request.headers["Content-Length"]))
            assert hashlib.sha256(data).hexdigest() == digest
            self.blobs[digest] = data
        is_here = digest in self.blobs
        self.requests.append((request.command, 204 if is_here else 404))
        request.send_response(204 if is_here else 404)
        request.send_header("Content-Length", "0")
        request.end_headers()

    def _answer(
        self,
        request: http.server.BaseHTTPRequestHandler,
        status: int,
        body: bytes,
        headers: dict[str, str],
    ) -> None:
        self.requests.append((request.command, int(status)))
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)
