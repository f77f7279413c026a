"""Where recorded runs are read from: what there must be."""

from __future__ import annotations

from typing import Protocol

from mltrack.reading.file_source import FileSource
from mltrack.reading.file_source import Readable
from mltrack.reading.media_source import MediaSource
from mltrack.reading.model_source import ModelSource
from mltrack.reading.usage_source import UsageSource
from mltrack_core.records import RunState
from mltrack_server.columns import Points
from mltrack_server.extract import Extract
from mltrack_server.resources import Checkpoint
from mltrack_server.resources import CheckpointList
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
from mltrack_server.resources import ProjectRules
from mltrack_server.resources import RetentionPlan
from mltrack_server.resources import RetentionQuery
from mltrack_server.resources import RulesEdit
from mltrack_server.resources import Run
from mltrack_server.resources import RunList
from mltrack_server.resources import SizeList
from mltrack_server.resources import ThinningPlan


class Source(Protocol):
    """What runs can be read from. `None` means that there is no such run or series."""

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

    def keys(self, *, project: str | None, limit: int) -> KeyIndex:
        """Return the keys that runs have."""

    def run(self, run: str) -> Run | None:
        """Return everything about a run but its points and its console."""

    def metrics(self, run: str, query: MetricQuery) -> MetricPage | None:
        """Return a page of a run's metrics."""

    def console(self, run: str, *, first: int | None, limit: int) -> ConsolePage | None:
        """Return consecutive lines of a run's console."""

    def points(self, run: str, name: str) -> Points | None:
        """Return the exact points of one series."""

    def extract(self, query: ExtractQuery) -> Extract:
        """Return a page of the points of many series; what is unknown is left out."""

    def means(self, query: MeanQuery) -> bytes | None:
        """Return the binary answer to *query*; None where it is what the client has."""

    def histogram(self, run: str, name: str, *, columns: int) -> HistogramSeries | None:
        """Return one histogram in at most *columns* columns of neighbouring steps."""

    def histogram_records(self, run: str, cursor: str | None) -> HistogramPage | None:
        """Return a page of a run's histograms as they were logged."""

    def checkpoints(self, run: str) -> CheckpointList | None:
        """Return all checkpoints of a run."""

    def checkpoint(self, run: str, checkpoint: str) -> Checkpoint | None:
        """Return everything about a checkpoint but its bytes."""

    def stored_file(self, run: str, checkpoint: str, name: str) -> Readable | None:
        """Return a file of a checkpoint, to be read; None if it is not stored."""

    def retain(self, query: RetentionQuery) -> RetentionPlan:
        """Tell which stored checkpoints stay, and let go of the others if *query* says so."""

    @property
    def files(self) -> FileSource:
        """What files that runs wrote and read are read from."""

    @property
    def media(self) -> MediaSource:
        """What images, sounds, texts and tables are read from."""

    @property
    def models(self) -> ModelSource:
        """What keeps models."""

    @property
    def usage(self) -> UsageSource:
        """What tells which runs held which devices."""

    def delete(self, run: str) -> Deletion | None:
        """Delete a run."""

    def undelete(self, run: str) -> bool:
        """Restore a deleted run; False if there is none such."""

    def deletions(self) -> DeletionList:
        """Return all deleted runs."""

    def sizes(self) -> SizeList:
        """Return what each project takes of the store."""

    def rules(self, project: str, version: int | None = None) -> ProjectRules | None:
        """Return a version of a project's rules, the latest by default."""

    def set_rules(self, change: RulesEdit) -> ProjectRules:
        """Change a project's rules."""

    def preview_rules(self, change: RulesEdit) -> ThinningPlan:
        """Return what would be thinned today if a project's rules were changed so."""
