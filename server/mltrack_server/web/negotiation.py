"""Negotiation: which of several media types a client gets."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from mltrack_server.web.problems import Refusal
from mltrack_server.web.routes import JSON

COLUMNS: Final = "application/octet-stream"
CSV: Final = "text/csv"


def negotiate(accept: str, offered: Sequence[str] = (JSON, CSV, COLUMNS)) -> str:
    """Return the first of the *offered* media types that *accept* names, as it prefers them.

    Raises:
        Refusal: It names none of them.
    """
    wanted: list[tuple[float, str]] = []
    for part in accept.split(","):
        media, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = next((text[2:] for text in parameters if text.startswith("q=")), "1")
        try:
            wanted.append((float(weight), media))
        except ValueError:
            continue
    for quality, media in sorted(wanted, key=lambda item: -item[0]):
        if quality > 0 and media in ("*/*", "application/*"):
            return JSON
        if quality > 0 and media == "text/*":
            return CSV
        if quality > 0 and media in offered:
            return media
    listed = ", ".join(offered)
    raise Refusal(HTTPStatus.NOT_ACCEPTABLE, "not-acceptable", f"There are {listed}.")
