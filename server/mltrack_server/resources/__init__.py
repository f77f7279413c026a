"""What the API takes and gives: the types that handlers, OpenAPI document and clients share."""

from mltrack_server.resources.analysis import COLUMN_KEYS_MAX
from mltrack_server.resources.analysis import COLUMN_RUNS_MAX
from mltrack_server.resources.analysis import ColumnQuery
from mltrack_server.resources.analysis import Importance
from mltrack_server.resources.analysis import ImportanceQuery
from mltrack_server.resources.analysis import ParameterImportance
from mltrack_server.resources.analysis import RunColumn
from mltrack_server.resources.analysis import RunColumns
from mltrack_server.resources.analysis import VaryingIndex
from mltrack_server.resources.analysis import VaryingKey
from mltrack_server.resources.analysis import Verdict
from mltrack_server.resources.annotations import ANNOTATIONS_MAX
from mltrack_server.resources.annotations import Annotation
from mltrack_server.resources.annotations import AnnotationAuthor
from mltrack_server.resources.annotations import AnnotationEdit
from mltrack_server.resources.annotations import AnnotationId
from mltrack_server.resources.annotations import AnnotationList
from mltrack_server.resources.annotations import AnnotationPlace
from mltrack_server.resources.annotations import AnnotationRemoval
from mltrack_server.resources.annotations import AnnotationText
from mltrack_server.resources.annotations import AnnotationVersion
from mltrack_server.resources.annotations import AnnotationVersions
from mltrack_server.resources.annotations import NewAnnotations
from mltrack_server.resources.base import ColumnType
from mltrack_server.resources.base import NonFinite
from mltrack_server.resources.base import Number
from mltrack_server.resources.base import Request
from mltrack_server.resources.base import Resource
from mltrack_server.resources.base import RunId
from mltrack_server.resources.base import number
from mltrack_server.resources.checkpoints import Checkpoint
from mltrack_server.resources.checkpoints import CheckpointFile
from mltrack_server.resources.checkpoints import CheckpointList
from mltrack_server.resources.checkpoints import CheckpointStatus
from mltrack_server.resources.checkpoints import CheckpointSummary
from mltrack_server.resources.checkpoints import KeptBy
from mltrack_server.resources.checkpoints import RetentionItem
from mltrack_server.resources.checkpoints import RetentionPlan
from mltrack_server.resources.checkpoints import RetentionQuery
from mltrack_server.resources.console import ConsoleLine
from mltrack_server.resources.console import ConsoleMatches
from mltrack_server.resources.console import ConsolePage
from mltrack_server.resources.console import ConsolePlace
from mltrack_server.resources.dashboards import DOCUMENT_BYTES_MAX
from mltrack_server.resources.dashboards import CheckpointsPanel
from mltrack_server.resources.dashboards import ComparePanel
from mltrack_server.resources.dashboards import ConsolePanel
from mltrack_server.resources.dashboards import Dashboard
from mltrack_server.resources.dashboards import DashboardDocument
from mltrack_server.resources.dashboards import DashboardId
from mltrack_server.resources.dashboards import DashboardKind
from mltrack_server.resources.dashboards import DashboardList
from mltrack_server.resources.dashboards import DashboardQuery
from mltrack_server.resources.dashboards import DashboardSave
from mltrack_server.resources.dashboards import DashboardSummary
from mltrack_server.resources.dashboards import DashboardTab
from mltrack_server.resources.dashboards import DashboardVersion
from mltrack_server.resources.dashboards import DashboardVersions
from mltrack_server.resources.dashboards import DevicesPanel
from mltrack_server.resources.dashboards import FlowPanel
from mltrack_server.resources.dashboards import Frozen
from mltrack_server.resources.dashboards import HistogramsPanel
from mltrack_server.resources.dashboards import ImportancePanel
from mltrack_server.resources.dashboards import LinesPanel
from mltrack_server.resources.dashboards import MediaPanel
from mltrack_server.resources.dashboards import NewDashboard
from mltrack_server.resources.dashboards import ParallelPanel
from mltrack_server.resources.dashboards import ScatterPanel
from mltrack_server.resources.dashboards import TablePanel
from mltrack_server.resources.dashboards import TextPanel
from mltrack_server.resources.deletions import Deletion
from mltrack_server.resources.deletions import DeletionList
from mltrack_server.resources.demo import DemoRuns
from mltrack_server.resources.door import Created
from mltrack_server.resources.door import Finish
from mltrack_server.resources.door import NewPoints
from mltrack_server.resources.door import NewRun
from mltrack_server.resources.door import Stored
from mltrack_server.resources.extract import EXTRACT_POINTS_MAX
from mltrack_server.resources.extract import ExtractColumn
from mltrack_server.resources.extract import ExtractHeader
from mltrack_server.resources.extract import ExtractList
from mltrack_server.resources.extract import ExtractPart
from mltrack_server.resources.extract import ExtractPosition
from mltrack_server.resources.extract import ExtractQuery
from mltrack_server.resources.extract import ExtractSeries
from mltrack_server.resources.files import FileLink
from mltrack_server.resources.files import FileList
from mltrack_server.resources.files import FilePreview
from mltrack_server.resources.files import FileStatus
from mltrack_server.resources.files import FileSummary
from mltrack_server.resources.files import PreviewKind
from mltrack_server.resources.files import Provenance
from mltrack_server.resources.files import RunFile
from mltrack_server.resources.histograms import Histogram
from mltrack_server.resources.histograms import HistogramColumn
from mltrack_server.resources.histograms import HistogramGrid
from mltrack_server.resources.histograms import HistogramPage
from mltrack_server.resources.histograms import HistogramRecord
from mltrack_server.resources.histograms import HistogramRow
from mltrack_server.resources.histograms import HistogramSeries
from mltrack_server.resources.media import Cell
from mltrack_server.resources.media import Confusion
from mltrack_server.resources.media import Curve
from mltrack_server.resources.media import Curves
from mltrack_server.resources.media import MediaBox
from mltrack_server.resources.media import MediaFile
from mltrack_server.resources.media import MediaItem
from mltrack_server.resources.media import MediaKey
from mltrack_server.resources.media import MediaMask
from mltrack_server.resources.media import MediaOverview
from mltrack_server.resources.media import MediaPage
from mltrack_server.resources.media import MediaRecord
from mltrack_server.resources.media import MediaRows
from mltrack_server.resources.metrics import METRIC_NAMES_MAX
from mltrack_server.resources.metrics import MetricNameQuery
from mltrack_server.resources.metrics import MetricNames
from mltrack_server.resources.metrics import MetricPage
from mltrack_server.resources.metrics import MetricQuery
from mltrack_server.resources.models import CARD_LENGTH_MAX
from mltrack_server.resources.models import AliasMove
from mltrack_server.resources.models import AliasName
from mltrack_server.resources.models import CardSave
from mltrack_server.resources.models import Model
from mltrack_server.resources.models import ModelAlias
from mltrack_server.resources.models import ModelCard
from mltrack_server.resources.models import ModelCardVersion
from mltrack_server.resources.models import ModelCardVersions
from mltrack_server.resources.models import ModelId
from mltrack_server.resources.models import ModelList
from mltrack_server.resources.models import ModelMention
from mltrack_server.resources.models import ModelMentions
from mltrack_server.resources.models import ModelMove
from mltrack_server.resources.models import ModelName
from mltrack_server.resources.models import ModelQuery
from mltrack_server.resources.models import ModelSummary
from mltrack_server.resources.models import ModelVersion
from mltrack_server.resources.models import Registered
from mltrack_server.resources.models import Registration
from mltrack_server.resources.models import VersionNumber
from mltrack_server.resources.moments import MOMENTS_ALL_MAX
from mltrack_server.resources.moments import MOMENTS_EACH_MAX
from mltrack_server.resources.moments import Moment
from mltrack_server.resources.moments import MomentKind
from mltrack_server.resources.moments import MomentList
from mltrack_server.resources.moments import MomentQuery
from mltrack_server.resources.query import RUNS_MAX
from mltrack_server.resources.query import Aggregate
from mltrack_server.resources.query import Completion
from mltrack_server.resources.query import GroupQuery
from mltrack_server.resources.query import KeyIndex
from mltrack_server.resources.query import KeySummary
from mltrack_server.resources.query import RunEdit
from mltrack_server.resources.query import RunGroup
from mltrack_server.resources.query import RunGroups
from mltrack_server.resources.query import RunQuery
from mltrack_server.resources.query import Suggestion
from mltrack_server.resources.query import UnknownKey
from mltrack_server.resources.query import ValueCount
from mltrack_server.resources.query import ValueIndex
from mltrack_server.resources.query import ValueKind
from mltrack_server.resources.report_links import LINK_PAGE_BYTES_MAX
from mltrack_server.resources.report_links import LinkId
from mltrack_server.resources.report_links import LinkPageQuery
from mltrack_server.resources.report_links import NewReportLink
from mltrack_server.resources.report_links import ReportLink
from mltrack_server.resources.report_links import ReportLinkList
from mltrack_server.resources.report_links import SharedQuery
from mltrack_server.resources.rules import PATTERNS_MAX
from mltrack_server.resources.rules import Better
from mltrack_server.resources.rules import Detail
from mltrack_server.resources.rules import ProjectRules
from mltrack_server.resources.rules import RulesEdit
from mltrack_server.resources.rules import RulesQuery
from mltrack_server.resources.rules import ThinningPlan
from mltrack_server.resources.rules import ThinningRun
from mltrack_server.resources.runs import METRICS_LISTED_MAX
from mltrack_server.resources.runs import Alert
from mltrack_server.resources.runs import Loss
from mltrack_server.resources.runs import MetricSummary
from mltrack_server.resources.runs import Note
from mltrack_server.resources.runs import Project
from mltrack_server.resources.runs import ProjectList
from mltrack_server.resources.runs import Run
from mltrack_server.resources.runs import RunList
from mltrack_server.resources.runs import RunSummary
from mltrack_server.resources.runs import Stream
from mltrack_server.resources.runs import Thinned
from mltrack_server.resources.series import ColumnRef
from mltrack_server.resources.series import History
from mltrack_server.resources.series import SeriesBlock
from mltrack_server.resources.series import SeriesColumns
from mltrack_server.resources.series import SeriesHeader
from mltrack_server.resources.series import SeriesQuery
from mltrack_server.resources.service import Change
from mltrack_server.resources.service import Health
from mltrack_server.resources.service import Notice
from mltrack_server.resources.service import Problem
from mltrack_server.resources.service import Server
from mltrack_server.resources.service import SignIn
from mltrack_server.resources.sizes import ProjectSize
from mltrack_server.resources.sizes import SizeList
from mltrack_server.resources.upkeep import Compacted
from mltrack_server.resources.upkeep import Damage
from mltrack_server.resources.upkeep import Repaired
from mltrack_server.resources.upkeep import RepairRequest

__all__ = [
    "ANNOTATIONS_MAX",
    "CARD_LENGTH_MAX",
    "COLUMN_KEYS_MAX",
    "COLUMN_RUNS_MAX",
    "DOCUMENT_BYTES_MAX",
    "EXTRACT_POINTS_MAX",
    "LINK_PAGE_BYTES_MAX",
    "METRICS_LISTED_MAX",
    "METRIC_NAMES_MAX",
    "MOMENTS_ALL_MAX",
    "MOMENTS_EACH_MAX",
    "PATTERNS_MAX",
    "RUNS_MAX",
    "Aggregate",
    "Alert",
    "AliasMove",
    "AliasName",
    "Annotation",
    "AnnotationAuthor",
    "AnnotationEdit",
    "AnnotationId",
    "AnnotationList",
    "AnnotationPlace",
    "AnnotationRemoval",
    "AnnotationText",
    "AnnotationVersion",
    "AnnotationVersions",
    "Better",
    "CardSave",
    "Cell",
    "Change",
    "Checkpoint",
    "CheckpointFile",
    "CheckpointList",
    "CheckpointStatus",
    "CheckpointSummary",
    "CheckpointsPanel",
    "ColumnQuery",
    "ColumnRef",
    "ColumnType",
    "Compacted",
    "ComparePanel",
    "Completion",
    "Confusion",
    "ConsoleLine",
    "ConsoleMatches",
    "ConsolePage",
    "ConsolePanel",
    "ConsolePlace",
    "Created",
    "Curve",
    "Curves",
    "Damage",
    "Dashboard",
    "DashboardDocument",
    "DashboardId",
    "DashboardKind",
    "DashboardList",
    "DashboardQuery",
    "DashboardSave",
    "DashboardSummary",
    "DashboardTab",
    "DashboardVersion",
    "DashboardVersions",
    "Deletion",
    "DeletionList",
    "DemoRuns",
    "Detail",
    "DevicesPanel",
    "ExtractColumn",
    "ExtractHeader",
    "ExtractList",
    "ExtractPart",
    "ExtractPosition",
    "ExtractQuery",
    "ExtractSeries",
    "FileLink",
    "FileList",
    "FilePreview",
    "FileStatus",
    "FileSummary",
    "Finish",
    "FlowPanel",
    "Frozen",
    "GroupQuery",
    "Health",
    "Histogram",
    "HistogramColumn",
    "HistogramGrid",
    "HistogramPage",
    "HistogramRecord",
    "HistogramRow",
    "HistogramSeries",
    "HistogramsPanel",
    "History",
    "Importance",
    "ImportancePanel",
    "ImportanceQuery",
    "KeptBy",
    "KeyIndex",
    "KeySummary",
    "LinesPanel",
    "LinkId",
    "LinkPageQuery",
    "Loss",
    "MediaBox",
    "MediaFile",
    "MediaItem",
    "MediaKey",
    "MediaMask",
    "MediaOverview",
    "MediaPage",
    "MediaPanel",
    "MediaRecord",
    "MediaRows",
    "MetricNameQuery",
    "MetricNames",
    "MetricPage",
    "MetricQuery",
    "MetricSummary",
    "Model",
    "ModelAlias",
    "ModelCard",
    "ModelCardVersion",
    "ModelCardVersions",
    "ModelId",
    "ModelList",
    "ModelMention",
    "ModelMentions",
    "ModelMove",
    "ModelName",
    "ModelQuery",
    "ModelSummary",
    "ModelVersion",
    "Moment",
    "MomentKind",
    "MomentList",
    "MomentQuery",
    "NewAnnotations",
    "NewDashboard",
    "NewPoints",
    "NewReportLink",
    "NewRun",
    "NonFinite",
    "Note",
    "Notice",
    "Number",
    "ParallelPanel",
    "ParameterImportance",
    "PreviewKind",
    "Problem",
    "Project",
    "ProjectList",
    "ProjectRules",
    "ProjectSize",
    "Provenance",
    "Registered",
    "Registration",
    "RepairRequest",
    "Repaired",
    "ReportLink",
    "ReportLinkList",
    "Request",
    "Resource",
    "RetentionItem",
    "RetentionPlan",
    "RetentionQuery",
    "RulesEdit",
    "RulesQuery",
    "Run",
    "RunColumn",
    "RunColumns",
    "RunEdit",
    "RunFile",
    "RunGroup",
    "RunGroups",
    "RunId",
    "RunList",
    "RunQuery",
    "RunSummary",
    "ScatterPanel",
    "SeriesBlock",
    "SeriesColumns",
    "SeriesHeader",
    "SeriesQuery",
    "Server",
    "SharedQuery",
    "SignIn",
    "SizeList",
    "Stored",
    "Stream",
    "Suggestion",
    "TablePanel",
    "TextPanel",
    "Thinned",
    "ThinningPlan",
    "ThinningRun",
    "UnknownKey",
    "ValueCount",
    "ValueIndex",
    "ValueKind",
    "VaryingIndex",
    "VaryingKey",
    "Verdict",
    "VersionNumber",
    "number",
]
