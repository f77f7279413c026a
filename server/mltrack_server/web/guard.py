"""Who may: by which name the server is addressed, from which page, with which token.

A browser on the user's machine runs other people's pages. Three checks keep them out: Host (a
name that somebody let point here, "DNS rebinding"), Origin and Sec-Fetch-Site (a form or socket
from another page), and the token.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from mltrack_server.auth.token import is_shown
from mltrack_server.web.problems import Refusal
from mltrack_server.web.routes import Access
from mltrack_server.web.services import SERVICES
from mltrack_server.web.services import Services

_LOOPBACK_NAMES: Final = ("localhost", "127.0.0.1", "[::1]")
_SAFE_METHODS: Final = ("GET", "HEAD", "OPTIONS")
_EXEMPT_PATHS: Final = ("/healthz",)  # probes address a container by whatever they know


def check_origin(request: web.Request) -> None:
    """Let the request pass if it was meant for this server and no other page sent it.

    Raises:
        Refusal: The Host header is none of this server's names, or another origin's page asks for
            more than reading.
    """
    if request.path in _EXEMPT_PATHS:
        return
    host = request.headers.get("Host", "").lower()
    if host not in _own_hosts(request):
        raise Refusal(
            HTTPStatus.MISDIRECTED_REQUEST,
            "host",
            f"This server does not answer to {host[:200]!r}. If that is its name, start it as "
            f"`mltrack server --allowed-hosts {host[:200] or 'NAME'}`",
            at="header.Host",
        )
    is_handshake = request.headers.get("Upgrade", "").lower() == "websocket"
    if request.method in _SAFE_METHODS and not is_handshake:
        return
    site = request.headers.get("Sec-Fetch-Site", "none")
    origin = request.headers.get("Origin")
    if site not in ("same-origin", "none") or (origin is not None and not _is_at(origin, host)):
        raise Refusal(
            HTTPStatus.FORBIDDEN,
            "origin",
            "A page of another origin may not do this. If it is this server's own page behind a "
            "proxy, let the proxy keep the Host header and name it with --allowed-hosts",
            at="header.Origin",
        )


def check_access(request: web.Request, services: Services, access: Access) -> None:
    """Let the request pass if whoever sent it may do what *access* names.

    Raises:
        Refusal: No token, a wrong one, or only a cookie where that is not enough.
    """
    if access == "public" or is_authorised(request, services, access):
        return
    raise Refusal(
        HTTPStatus.UNAUTHORIZED,
        "token",
        "This server wants its token: `Authorization: Bearer TOKEN`; set MLTRACK_TOKEN for "
        "mltrack's clients, or sign in with a browser.",
        headers={"WWW-Authenticate": 'Bearer realm="mltrack"'},
    )


def is_authorised(request: web.Request, services: Services, access: Access) -> bool:
    """Tell whether whoever sent the request may do what *access* names."""
    token = services.config.token
    if not token:
        return True  # `config.check` has seen to it that only this machine gets here
    shown = request.headers.get("Authorization")
    if shown is not None:
        return is_shown(shown, token)  # a wrong token is not mended by a cookie
    if access == "ingest":
        return False  # a browser never records; what it cannot do, no page can make it do
    return services.sessions.is_valid(request.cookies.get(cookie_name(services), ""))


def cookie_name(services: Services) -> str:
    """Return the session cookie's name; cookies do not tell ports apart, so the name does."""
    return f"mltrack_session_{urlsplit(services.address).port}"


def _own_hosts(request: web.Request) -> set[str]:
    """Return every Host header that means this server."""
    services = request.app[SERVICES]
    # The address that this very connection was made to. It is no name, so no one can point
    # another name's page at it.
    assert request.transport is not None
    address, port = request.transport.get_extra_info("sockname")[:2]
    names = {*_LOOPBACK_NAMES, f"[{address}]" if ":" in address else address}
    hosts = {f"{name}:{port}" for name in names} | (names if port == 80 else set())
    for allowed in services.config.allowed_hosts:
        hosts |= {allowed.lower(), f"{allowed.lower()}:{port}"}
    return hosts


def _is_at(origin: str, host: str) -> bool:
    """Tell whether *origin* is a web page served under the Host header *host*."""
    scheme, separator, rest = origin.lower().partition("://")
    return bool(separator) and scheme in ("http", "https") and rest == host
