"""Where runs are read from: a server over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from typing import Any
from typing import Final
from typing import TypeVar
from urllib.parse import quote
from urllib.parse import urlsplit

import msgspec

from mltrack.reading.file_source import FileSource
from mltrack.reading.file_source import Readable
from mltrack.reading.file_source import ServerFiles
from mltrack.reading.media_source import MediaSource
from mltrack.reading.media_source import ServerMedia
from mltrack.reading.model_source import ModelSource
from mltrack.reading.model_source import ServerModels
from mltrack.reading.remote_file import RemoteFile
from mltrack.reading.usage_source import ServerUsage
from mltrack.reading.usage_source import UsageSource
from mltrack_core.errors import ServerRefused
from mltrack_core.errors import ServerUnreachable
from mltrack_core.records import RunState
from mltrack_server import extract
from mltrack_server import history
from mltrack_server.columns import Points
from mltrack_server.columns import concatenate
from mltrack_server.config import is_loopback
from mltrack_server.extract import Extract
from mltrack_server.resources import Checkpoint
from mltrack_server.resources import CheckpointList
from mltrack_server.resources import Compacted
from mltrack_server.resources import ConsolePage
from mltrack_server.resources import Deletion
from mltrack_server.resources import DeletionList
from mltrack_server.resources import ExtractQuery
from mltrack_server.resources import HistogramPage
from mltrack_server.resources import HistogramSeries
from mltrack_server.resources import KeyIndex
from mltrack_server.resources import MeanQuery
from mltrack_server.resources import MetricPage
from mltrack_server.resources import MetricQuery
from mltrack_server.resources import Problem
from mltrack_server.resources import ProjectRules
from mltrack_server.resources import Repaired
from mltrack_server.resources import RepairRequest
from mltrack_server.resources import RetentionPlan
from mltrack_server.resources import RetentionQuery
from mltrack_server.resources import RulesEdit
from mltrack_server.resources import Run
from mltrack_server.resources import RunList
from mltrack_server.resources import SizeList
from mltrack_server.resources import ThinningPlan

if TYPE_CHECKING:
    import requests


_CONNECT_S: Final = 5.0
_ADDRESS_CHARACTERS_MAX: Final = 1500  # that every server and proxy takes
_READ_S: Final = 120.0

Answer = TypeVar("Answer", bound=msgspec.Struct)


class ServerSource:
    """Reads from a server over HTTP.

    Args:
        url: The server's address.
        token: What it wants to see; "" where it wants nothing.
    """

    def __init__(self, url: str, token: str = "") -> None:
        import requests

        self.url = url.rstrip("/")
        self._session = requests.Session()
        # Proxies are for other hosts; and a .netrc entry must not take the token's place.
        is_here = is_loopback(urlsplit(self.url).hostname or "")
        self._session.trust_env = not is_here
        if is_here:  # packing costs more than it saves
            self._session.headers["Accept-Encoding"] = "identity"
        self._session.auth = _Bearer(token)

    def runs(
        self,
        *,
        project: str | None,
        state: RunState | None,
        q: str,
        sort: str,
        fields: str | None,
        limit: int,
        cursor: str | None,
    ) -> RunList:
        """Return a page of the runs that a query holds for."""
        asked = {
            "project": project, "state": state, "q": q or None, "sort": sort or None,
            "fields": fields, "limit": limit, "cursor": cursor,
        }  # fmt: skip
        if len(q) + len(sort) + len(fields or "") <= _ADDRESS_CHARACTERS_MAX:
            return self._get("/api/v1/runs", RunList, asked)
        path = "/api/v1/query/runs"
        given = {name: value for name, value in asked.items() if value is not None}
        answer = self._ask(path, {}, accept="application/json", body=msgspec.json.encode(given))
        if answer.status_code == 404:
            raise ServerRefused(self.url + path, 404, "this server is too old for it")
        return msgspec.json.decode(answer.content, type=RunList)

    def keys(self, *, project: str | None, limit: int) -> KeyIndex:
        """Return the keys that runs have."""
        query = {"project": project, "limit": limit}
        return self._get("/api/v1/query/keys", KeyIndex, query)

    def run(self, run: str) -> Run | None:
        """Return everything about a run but its points and its console."""
        return self._find(f"/api/v1/runs/{run}", Run)

    def metrics(self, run: str, query: MetricQuery) -> MetricPage | None:
        """Return a page of a run's metrics."""
        asked = msgspec.to_builtins(query)
        return self._find(f"/api/v1/runs/{run}/metrics", MetricPage, asked)

    def console(self, run: str, *, first: int | None, limit: int) -> ConsolePage | None:
        """Return consecutive lines of a run's console."""
        query = {"first": first, "limit": limit}
        return self._find(f"/api/v1/runs/{run}/console", ConsolePage, query)

    def points(self, run: str, name: str) -> Points | None:
        """Return the exact points of one series, page by page however many they are."""
        pages: list[Points] = []
        following: history.Next | None = None
        while not pages or following is not None:
            query: dict[str, object] = {"name": name}
            if following is not None:
                query |= {"start": following.start, "skip": following.skip}
            answer = self._ask(
                f"/api/v1/runs/{run}/history", query, accept="application/octet-stream"
            )
            if answer.status_code == 404:
                return None
            points, following = history.unpack(answer.content)
            pages.append(points)
        return concatenate(pages)

    def extract(self, query: ExtractQuery) -> Extract:
        """Return a page of the points of many series; what is unknown is left out."""
        return extract.unpack(self._columns("/api/v1/history", query))

    def means(self, query: MeanQuery) -> bytes | None:
        """Return the binary answer to *query*; None where it is what the client has."""
        return self._columns("/api/v1/means", query) or None

    def histogram(self, run: str, name: str, *, columns: int) -> HistogramSeries | None:
        """Return one histogram in at most *columns* columns of neighbouring steps."""
        query: dict[str, object] = {"name": name, "columns": columns}
        return self._find(f"/api/v1/runs/{run}/histogram", HistogramSeries, query)

    def histogram_records(self, run: str, cursor: str | None) -> HistogramPage | None:
        """Return a page of a run's histograms as they were logged."""
        path = f"/api/v1/runs/{run}/histogram-records"
        return self._find(path, HistogramPage, {"cursor": cursor})

    def checkpoints(self, run: str) -> CheckpointList | None:
        """Return all checkpoints of a run."""
        return self._find(f"/api/v1/runs/{run}/checkpoints", CheckpointList)

    def checkpoint(self, run: str, checkpoint: str) -> Checkpoint | None:
        """Return everything about a checkpoint but its bytes."""
        return self._find(f"/api/v1/runs/{run}/checkpoints/{checkpoint}", Checkpoint)

    def stored_file(self, run: str, checkpoint: str, name: str) -> Readable | None:
        """Return a file of a checkpoint, to be read; None if it is not stored."""
        path = f"/api/v1/runs/{run}/checkpoints/{checkpoint}/files/{quote(name)}"
        return RemoteFile(self._ask, path)

    def retain(self, query: RetentionQuery) -> RetentionPlan:
        """Tell which stored checkpoints stay, and let go of the others if *query* says so."""
        path = "/api/v1/checkpoints/retention"
        asked = {
            name: value for name, value in msgspec.to_builtins(query).items() if value is not None
        }
        answer = self._ask(path, {}, accept="application/json", body=msgspec.json.encode(asked))
        if answer.status_code == 404:
            raise ServerRefused(self.url + path, 404, "this server is too old for it")
        return msgspec.json.decode(answer.content, type=RetentionPlan)

    @property
    def files(self) -> FileSource:
        """What files that runs wrote and read are read from."""
        return ServerFiles(self._find, self._ask)

    @property
    def media(self) -> MediaSource:
        """What images, sounds, texts and tables are read from."""
        return ServerMedia(self._find, self._ask)

    @property
    def models(self) -> ModelSource:
        """What keeps models."""
        return ServerModels(self._find, self._ask)

    @property
    def usage(self) -> UsageSource:
        """What tells which runs held which devices."""
        return ServerUsage(self.url, self._find)

    def delete(self, run: str) -> Deletion | None:
        """Delete a run."""
        path = f"/api/v1/runs/{run}"
        answer = self._ask(path, {}, accept="application/json", method="DELETE")
        if answer.status_code == 404:
            return None
        return msgspec.json.decode(answer.content, type=Deletion)

    def undelete(self, run: str) -> bool:
        """Restore a deleted run; False if there is none such."""
        path = f"/api/v1/runs/{run}/restore"
        answer = self._ask(path, {}, accept="application/json", method="POST")
        return answer.status_code != 404

    def deletions(self) -> DeletionList:
        """Return all deleted runs."""
        return self._get("/api/v1/deletions", DeletionList, {})

    def sizes(self) -> SizeList:
        """Return what each project takes of the store."""
        return self._get("/api/v1/sizes", SizeList, {})

    def compact(self) -> Compacted:
        """Make the store smaller; returns when that is done."""
        return self._upkeep("/api/v1/compact", None, Compacted)

    def repair(self, *, read_data: bool) -> Repaired:
        """Put aside what is damaged in the store; returns when that is done."""
        return self._upkeep("/api/v1/repair", RepairRequest(read_data=read_data), Repaired)

    def _upkeep(self, path: str, asked: RepairRequest | None, kind: type[Answer]) -> Answer:
        """Wait for the answer however long it takes."""
        answer = self._ask(
            path,
            {},
            accept="application/json",
            body=None if asked is None else msgspec.json.encode(asked),
            method="POST",
            read_s=None,
        )
        if answer.status_code == 404:
            raise ServerRefused(
                self.url + path, 404, "an older mltrack cannot do this: stop that server first"
            )
        return msgspec.json.decode(answer.content, type=kind)

    def rules(self, project: str, version: int | None = None) -> ProjectRules | None:
        """Return a version of a project's rules, the latest by default."""
        query = {"project": project, "version": version}
        return self._find("/api/v1/rules", ProjectRules, query)

    def set_rules(self, change: RulesEdit) -> ProjectRules:
        """Change a project's rules."""
        return self._send_rules("PATCH", "/api/v1/rules", change, ProjectRules)

    def preview_rules(self, change: RulesEdit) -> ThinningPlan:
        """Return what would be thinned today if a project's rules were changed so."""
        return self._send_rules("POST", "/api/v1/rules/preview", change, ThinningPlan)

    def _send_rules(self, method: str, path: str, change: RulesEdit, kind: type[Answer]) -> Answer:
        body = msgspec.json.encode(change)
        answer = self._ask(path, {}, accept="application/json", body=body, method=method)
        if answer.status_code == 404:
            raise ServerRefused(self.url + path, 404, "this server is too old for it")
        return msgspec.json.decode(answer.content, type=kind)

    def _columns(self, path: str, query: ExtractQuery | MeanQuery) -> bytes:
        """Return the binary answer to a question that is sent as a body."""
        asked = {
            name: value for name, value in msgspec.to_builtins(query).items() if value is not None
        }
        body = msgspec.json.encode(asked)
        answer = self._ask(path, {}, accept="application/octet-stream", body=body)
        if answer.status_code == 404:
            raise ServerRefused(self.url + path, 404, "this server is too old for it")
        return answer.content

    def close(self) -> None:
        """Close the connections to the server."""
        self._session.close()

    def _get(self, path: str, kind: type[Answer], query: Mapping[str, object]) -> Answer:
        found = self._find(path, kind, query)
        if found is None:
            raise ServerRefused(self.url + path, 404, "is this the address of an mltrack server?")
        return found

    def _find(
        self, path: str, kind: type[Answer], query: Mapping[str, object] | None = None
    ) -> Answer | None:
        answer = self._ask(path, query or {}, accept="application/json")
        if answer.status_code == 404:
            return None
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except msgspec.DecodeError as error:
            raise ServerRefused(
                self.url + path, answer.status_code, f"not what an mltrack server says: {error}"
            ) from error

    def _ask(
        self,
        path: str,
        query: Mapping[str, object],
        *,
        accept: str,
        start: int | None = None,
        body: bytes | None = None,
        method: str = "",
        read_s: float | None = _READ_S,
    ) -> requests.Response:
        """Return a good answer, or a 404.

        Args:
            path: Of the address.
            query: What is asked for.
            accept: The media type wanted.
            start: Stream the answer, from this byte on; None: read it whole.
            body: JSON to be sent; None: nothing is.
            method: Default: GET, or POST where there is a body.
            read_s: How long to wait for an answer; None: as long as it takes.

        Raises:
            ServerUnreachable: There is none, or the server cannot answer now.
            ServerRefused: The answer is no.
        """
        import requests

        url = self.url + path
        asked: dict[str, Any] = {name: value for name, value in query.items() if value is not None}
        headers = {"Accept": accept}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if start:
            headers["Range"] = f"bytes={start}-"
        try:
            answer = self._session.request(
                method or ("GET" if body is None else "POST"),
                url,
                params=asked,
                data=body,
                headers=headers,
                stream=start is not None,
                timeout=(_CONNECT_S, read_s),
                allow_redirects=False,  # a redirect could carry the token to another host
            )
        except requests.RequestException as error:
            raise ServerUnreachable(
                self.url, f"does not answer ({type(error).__name__}); is the server running?"
            ) from error
        if answer.status_code in (200, 201, 204, 206, 404):
            return answer
        detail = _detail(answer.content)
        if answer.status_code >= 500:
            raise ServerUnreachable(url, f"answered {answer.status_code}: {detail}")
        raise ServerRefused(url, answer.status_code, detail)


class _Bearer:
    """Puts the token on a request."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def __repr__(self) -> str:
        return "_Bearer(…)"


def _detail(content: bytes) -> str:
    """Return what an error's body says."""
    try:
        return msgspec.json.decode(content, type=Problem).detail
    except msgspec.DecodeError:
        return content[:200].decode("utf-8", "replace")
