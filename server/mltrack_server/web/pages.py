"""The dashboard: its files, and its start page for every address that is none of the API's."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from aiohttp import web

from mltrack_server.web.assets import Asset
from mltrack_server.web.problems import not_found
from mltrack_server.web.routes import Routes
from mltrack_server.web.services import Services

routes = Routes()

_IMMUTABLE: Final = "public, max-age=31536000, immutable"
# What lies below these is a file or nothing: a missing script must not be answered with a page.
_FILES_ONLY: Final = "assets/"


@routes.get(
    "/{page:(?!api/|healthz).*}", access="public", gives=("text/html",), is_documented=False
)
async def page(services: Services, request: web.Request, page: str) -> web.Response:
    """Return a file of the dashboard, or its start page: addresses like /r/ID are its own."""
    asset = services.assets.get(page)
    if asset is None:
        if page.startswith(_FILES_ONLY):
            raise not_found("such file")
        asset = services.assets.index
    return _answer(request, asset)


def _answer(request: web.Request, asset: Asset) -> web.Response:
    """Return *asset*, packed if the browser likes, or nothing if it has it already."""
    headers = {
        "ETag": asset.etag,
        "Cache-Control": _IMMUTABLE if asset.is_immutable else "no-cache",
        "Vary": "Accept-Encoding",
    }
    # A proxy that packs what it passes on weakens the tag: W/"…".
    known = {
        tag.strip().removeprefix("W/")
        for tag in request.headers.get("If-None-Match", "").split(",")
    }
    if asset.etag in known:
        return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    coding, body = asset.choose(request.headers.get("Accept-Encoding", ""))
    if coding:
        headers["Content-Encoding"] = coding
    charset = "utf-8" if asset.media.startswith("text/") else None
    return web.Response(body=body, content_type=asset.media, charset=charset, headers=headers)
