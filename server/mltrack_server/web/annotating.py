"""Annotations of runs, to be written; a run's own answer has those that there are."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from mltrack_server.resources import ANNOTATIONS_MAX
from mltrack_server.resources import Annotation
from mltrack_server.resources import AnnotationEdit
from mltrack_server.resources import AnnotationId
from mltrack_server.resources import AnnotationList
from mltrack_server.resources import AnnotationRemoval
from mltrack_server.resources import AnnotationVersions
from mltrack_server.resources import NewAnnotations
from mltrack_server.resources import RunId
from mltrack_server.store.annotating import VERSIONS_MAX
from mltrack_server.store.annotating import NoSuchRun
from mltrack_server.store.annotating import TooManyAnnotations
from mltrack_server.web.problems import invalid
from mltrack_server.web.problems import not_found
from mltrack_server.web.routes import Routes
from mltrack_server.web.services import Services

routes = Routes()


@routes.post("/api/v1/annotations", access="write", status=201, problems=(404,))
async def create(services: Services, body: NewAnnotations) -> AnnotationList:
    """Write one text at a place of each of up to 200 runs: at all of them, or at none."""
    for number, place in enumerate(body.places):
        if place.step is None and place.time_ns is None:
            raise invalid("Say at which step or time.", f"body.places[{number}]")
    with _bounded():
        try:
            made = await asyncio.to_thread(services.store.annotations.create, body)
        except NoSuchRun as error:
            raise not_found("such run") from error
    services.writer.announce()
    return made


@routes.get("/api/v1/runs/{run}/annotations/{annotation}", access="read", problems=(404,))
async def versions(services: Services, run: RunId, annotation: AnnotationId) -> AnnotationVersions:
    """Return all versions of an annotation, those by which it was removed included."""
    found = await asyncio.to_thread(services.store.annotations.versions, run, annotation)
    if found is None:
        raise not_found("such annotation")
    return found


@routes.put("/api/v1/runs/{run}/annotations/{annotation}", access="write", problems=(404,))
async def edit(
    services: Services, run: RunId, annotation: AnnotationId, body: AnnotationEdit
) -> Annotation:
    """Change what an annotation says, which is its next version; one removed is back."""
    with _bounded():
        store = services.store.annotations
        changed = await asyncio.to_thread(store.edit, run, annotation, body)
    if changed is None:
        raise not_found("such annotation")
    services.writer.announce()
    return changed


@routes.delete("/api/v1/runs/{run}/annotations/{annotation}", access="write", problems=(404,))
async def remove(
    services: Services, run: RunId, annotation: AnnotationId, query: AnnotationRemoval
) -> Annotation:
    """Remove an annotation; its versions stay, and writing it again puts it back."""
    with _bounded():
        store = services.store.annotations
        removed = await asyncio.to_thread(store.remove, run, annotation, query.author)
    if removed is None:
        raise not_found("such annotation")
    services.writer.announce()
    return removed


@contextmanager
def _bounded() -> Iterator[None]:
    """Answer what there is no room for.

    Raises:
        Refusal: There is none.
    """
    try:
        yield
    except TooManyAnnotations as error:
        raise invalid(
            f"A run has at most {ANNOTATIONS_MAX:,} annotations, and each of them "
            f"{VERSIONS_MAX} versions.",
            "body",
        ) from error
