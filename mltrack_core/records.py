"""The vocabulary: every kind of record that a run consists of.

A record is one immutable fact, written once by one process. On disk and on the wire it is the
msgpack array of its fields in the order below (docs/format/spool.md); a field is only ever added
at the end and with a default, so older and newer programs read each other.

Times are nanoseconds since the Unix epoch by the writer's clock. They are for display: the order of
a stream's records is their `seq`, never their time.
"""

from __future__ import annotations

from typing import Final
from typing import Literal

import msgspec

RunState = Literal["running", "finished", "failed", "interrupted", "killed", "silent"]
EndState = Literal["finished", "failed", "interrupted", "killed"]
StreamRole = Literal["trainer", "child", "agent", "door"]
Channel = Literal["stdout", "stderr"]
AlertLevel = Literal["info", "warning", "error"]
CheckpointRole = Literal["best", "last", "periodic", "final", "backup"]
CheckpointMode = Literal["", "min", "max"]
Gone = Literal["", "deleted", "overwritten"]
FileUse = Literal["output", "input"]
MediaKind = Literal["image", "audio", "text", "table", "confusion", "roc", "pr"]
ParamScalar = None | bool | int | float | str
ParamValue = ParamScalar | list[ParamScalar]
Data = bytes  # by another name, because files have a field that is called so


# Namespaces of what a run found around itself. Every other one holds choices: parameters.
FACTS: Final = frozenset(("capture", "environment", "framework", "git", "host", "launch", "model"))


class Record(msgspec.Struct, frozen=True, array_like=True):
    """The base of all records; its fields are those that every record begins with."""

    time_ns: int  # wall clock of the writer since the Unix epoch


class RunStarted(Record, frozen=True):
    """The first record of every stream: which run it belongs to and who writes it."""

    project: str
    name: str  # of the run, chosen or made up; not unique
    role: StreamRole  # who writes this stream; "door" is the server, on behalf of a curl
    attempt: int  # 1, then one more each time the run is resumed
    rank: int  # of this process among world_size; an agent's is that of the process it watches
    world_size: int
    host: str
    user: str
    pid: int
    pid_started: int  # ticks since boot, field 22 of /proc/PID/stat; 0 where unknown
    boot_id: str  # which boot of the host, and container of it, they refer to; "" where unknown
    monotonic_ns: int  # the same instant as time_ns, by the clock that never jumps
    command: list[str]  # argv, secrets removed
    folder: str  # working directory
    python: str  # version, e.g. "3.11.7"
    mltrack: str  # version
    group: str = ""
    tags: list[str] = []
    notes: str = ""
    parent: str = ""  # id of the run that this one is a part of, e.g. a sweep


class Params(Record, frozen=True):
    """Parameters or facts, merged key by key into what the namespace already holds.

    The user's own are in namespace "". Others never mix with them: what an integration found
    chosen, e.g. "keras.optimizer", and facts, in the namespaces `FACTS`. Nested ones are flat here:
    `{"optimizer": {"lr": 0.1}}` is `{"optimizer.lr": 0.1}`.
    """

    namespace: str
    values: dict[str, ParamValue]


class Scalars(Record, frozen=True):
    """Values of one or more metrics at one step."""

    step: int  # optimizer updates completed when they were measured
    values: dict[str, float | int]  # NaN and ±inf are values: divergence must be visible
    axes: dict[str, float] = {}  # what else is known of the position: epoch, batch, samples, tokens


class ByExponent(msgspec.Struct, frozen=True, array_like=True, tag="exponent"):
    """Values counted by sign and binary exponent, as it stands in the bits of a float.

    Bin e holds the values with 2**e <= |value| < 2**(e + 1). The bins are the same always, so the
    histograms of ranks, steps and layers add up count by count.
    """

    negative_first: int  # exponent of negative[0]
    negative: list[int]  # values below zero, for this exponent and the ones that follow
    positive_first: int  # exponent of positive[0]
    positive: list[int]  # values above zero
    zeros: int = 0  # and what is too small for a normal number of its type
    nans: int = 0
    negative_infinities: int = 0
    positive_infinities: int = 0


class ByEdges(msgspec.Struct, frozen=True, array_like=True, tag="edges"):
    """Values counted between edges that somebody chose."""

    edges: list[float]  # finite and ascending, one more than there are counts
    counts: list[int]  # of edges[i] <= value < edges[i + 1]; the last bin holds its upper edge too
    below: int = 0  # of edges[0], -inf included
    above: int = 0  # of edges[-1], +inf included
    nans: int = 0


Histogram = ByExponent | ByEdges


class Histograms(Record, frozen=True):
    """Distributions of one or more things at one step."""

    step: int  # optimizer updates completed when they were measured
    values: dict[str, Histogram]
    axes: dict[str, float] = {}  # as in Scalars


class MediaFile(msgspec.Struct, frozen=True, array_like=True):
    """The bytes of something to be seen, heard or read."""

    type: str  # one of mltrack_core.media.formats, e.g. "image/png"
    bytes: int
    sha256: str  # 64 hexadecimal digits: the name of the blob, where they are not in `data`
    data: Data = b""  # all of them, where they are few; else they come as a blob


class Box(msgspec.Struct, frozen=True, array_like=True):
    """A rectangle in an image, in pixels from its upper left corner."""

    left: float
    top: float
    right: float
    bottom: float
    label: str = ""
    score: float | None = None
    group: str = ""  # of which set: "truth", "prediction" …


class Mask(msgspec.Struct, frozen=True, array_like=True):
    """A class for each pixel of an image."""

    name: str  # "truth", "prediction" …
    file: MediaFile  # a grey PNG of 8 bits, of the image's size; the values are the classes
    labels: dict[int, str] = {}  # class → what it is called


class MediaItem(msgspec.Struct, frozen=True, array_like=True):
    """One image, sound, text or table, confusion matrix, or chart of ROC or PR curves."""

    kind: MediaKind
    file: MediaFile
    caption: str = ""
    width: int = 0  # pixels, columns of a table, classes, points of a curve; 0 where unknown
    height: int = 0  # pixels, rows of a table, classes, curves; 0 where unknown
    seconds: float = 0.0  # of sound; 0 where unknown
    boxes: list[Box] = []
    masks: list[Mask] = []


class Media(Record, frozen=True):
    """What one name shows at one step: images, sounds, texts, tables."""

    step: int  # optimizer updates completed when it was made
    name: str
    items: list[MediaItem]
    axes: dict[str, float] = {}  # as in Scalars


class Console(Record, frozen=True):
    """One line that the process printed, without its line end."""

    channel: Channel
    text: str
    partial: bool = False  # a progress bar's present state: the channel's next line replaces it


class Devices(Record, frozen=True):
    """One sample of device use, taken by the agent; docs/agent.md names the values."""

    host: str
    values: dict[str, float | int]


class Alert(Record, frozen=True):
    """Something that a person should see."""

    level: AlertLevel
    title: str
    text: str = ""
    step: int | None = None
    kind: str = ""  # of a mark that mltrack made itself, e.g. "health.nonfinite"; "" of a person's


class CheckpointFile(msgspec.Struct, frozen=True, array_like=True):
    """One file of a checkpoint, as it was when the checkpoint was recorded."""

    path: str  # within the checkpoint's folder, "/" between parts; its name where it is one file
    bytes: int
    modified_ns: int  # since the Unix epoch, as the file system says


class Checkpoint(Record, frozen=True):
    """A state of the training that was written to files, as its process saw it."""

    id: str  # 32 hexadecimal digits
    path: str  # absolute, of the file or folder
    step: int
    roles: list[CheckpointRole]  # of several checkpoints in one role, the newest is in it
    files: list[CheckpointFile]
    metrics: dict[str, float] = {}  # at that step, as far as known
    monitor: str = ""  # which metric decides which one is best
    mode: CheckpointMode = ""  # and whether its lowest or highest value does
    writer: str = ""  # who wrote it, e.g. "keras.ModelCheckpoint", "torch.save"
    is_folder: bool = False
    kept: str = ""  # how its bytes were kept: "reflink", "hard link", "copy"; "" if they were not
    reason: str = ""  # why they were not, where that was asked for
    axes: dict[str, float] = {}  # as in Scalars


class File(Record, frozen=True):
    """A file or folder that the run wrote or read, as its process saw it at that moment."""

    id: str  # 32 hexadecimal digits
    name: str  # within the run, "/" between parts; of several the newest is shown
    path: str  # absolute, of the file or folder; the address of what lies elsewhere
    use: FileUse  # the run made it, or read it
    files: list[CheckpointFile]  # none of what lies elsewhere
    kind: str = ""  # in a person's words: "dataset", "report" …
    step: int | None = None
    is_folder: bool = False
    is_elsewhere: bool = False  # behind an address: never fetched, so what follows was told
    size: int | None = None  # of what lies elsewhere, in bytes
    modified_ns: int | None = None  # of what lies elsewhere
    sha256: str = ""  # of what lies elsewhere
    kept: str = ""  # as in Checkpoint
    reason: str = ""  # as in Checkpoint


Filed = Checkpoint | File  # what has files, of which an Artifact tells what became


class ArtifactFile(msgspec.Struct, frozen=True, array_like=True):
    """One file in the blob store."""

    path: str  # as in CheckpointFile
    bytes: int
    sha256: str  # of the whole, 64 hexadecimal digits
    chunks: list[
        str
    ] = []  # SHA-256 of the blobs that it is made of, in order; none are stored if []


class Artifact(Record, frozen=True):
    """What became of files that a record names: hashed, stored where that was asked for, gone."""

    about: str  # id of the Checkpoint or File
    files: list[ArtifactFile]
    problem: str = ""  # in plain words, e.g. "the file was overwritten before it could be read"
    gone: Gone = ""  # what happened to them where they were written; seen at `time_ns`


class Note(Record, frozen=True):
    """A remark added to the run while or after it ran."""

    text: str
    step: int | None = None


class Rewind(Record, frozen=True):
    """Training goes on from *step*: what was recorded for later steps is superseded."""

    step: int


class Gap(Record, frozen=True):
    """Records that could not be kept, counted: a loss is never silent."""

    reason: str  # "disk full", "quota", "not a number", …
    count: int  # records, of all kinds in `kinds`
    kinds: dict[str, int]  # record kind → how many
    first_ns: int  # when the first of them was offered
    last_ns: int


class RunEnded(Record, frozen=True):
    """How a process of the run ended, as that process or its agent saw it."""

    state: EndState
    reason: str = ""  # in plain words, e.g. "out of memory", "sys.exit(3)"
    traceback: str = ""
    exit_code: int | None = None
    signal: int | None = None
    stream: str = ""  # the stream whose end this is, where an agent reports it; else the own one
    explicit: bool = False  # finish() was called, so how the process ends later says nothing


class Seal(Record, frozen=True):
    """The last record of a stream that was closed in good order. A killed writer leaves none."""
