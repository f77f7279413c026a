"""Annotations: what people write at a place of a run's charts."""

from __future__ import annotations

from typing import Annotated
from typing import Final

from msgspec import Meta

from mltrack_server.resources.base import Author
from mltrack_server.resources.base import Integer
from mltrack_server.resources.base import Request
from mltrack_server.resources.base import Resource
from mltrack_server.resources.base import RunId

ANNOTATIONS_MAX: Final = 1000  # of a run

AnnotationText = Annotated[str, Meta(min_length=1, max_length=1000)]
AnnotationId = RunId


class AnnotationPlace(Request, frozen=True, kw_only=True):
    """Where in which run; at least one of step and time."""

    run: RunId
    step: Integer | None = None
    time_ns: Integer | None = None


class NewAnnotations(Request, frozen=True, kw_only=True):
    """One text at a place of each of some runs."""

    places: Annotated[list[AnnotationPlace], Meta(min_length=1, max_length=200)]
    text: AnnotationText
    author: Author = ""


class AnnotationEdit(Request, frozen=True, kw_only=True):
    """What an annotation says from now on; one that was removed is back with it."""

    text: AnnotationText
    author: Author = ""


class AnnotationRemoval(Request, frozen=True, kw_only=True):
    """Who removes it."""

    author: Author = ""


class Annotation(Resource, frozen=True, kw_only=True):
    """What somebody wrote at a place of a run, as it is now."""

    id: AnnotationId
    step: int | None
    time_ns: int | None
    text: str
    author: str  # of this version
    version: int  # 1 as it was written, then one more with each change
    saved_ns: int  # when this version was


class AnnotationList(Resource, frozen=True, kw_only=True):
    """The annotations that were made, in the order of their places."""

    annotations: list[Annotation]


class AnnotationVersion(Resource, frozen=True, kw_only=True):
    """What an annotation said."""

    version: int
    text: str  # "" where it was removed
    author: str
    saved_ns: int
    is_removed: bool


class AnnotationVersions(Resource, frozen=True, kw_only=True):
    """All versions of an annotation, the newest first."""

    versions: list[AnnotationVersion]
