"""What a server is told: its command line and its environment, checked before anything starts."""

from __future__ import annotations

import ipaddress
import os
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mltrack_core.errors import SettingInvalid

DEFAULT_PORT: Final = 5050
TOKEN_CHARACTERS_MIN: Final = 16  # 64 random bits in hexadecimal: not to be guessed over a network
TOKEN_CHARACTERS_MAX: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """How one server runs. docs/settings.md explains each."""

    database: str  # SQLAlchemy's address of the store
    blobs: Path | None = None  # the folder for files; None: beside the database if that is a file
    host: str = "127.0.0.1"  # the address to listen on
    port: int = DEFAULT_PORT  # 0: any free one
    token: str = ""  # what clients must show; "" only on loopback
    allowed_hosts: tuple[str, ...] = ()  # names it is reached by, besides its own addresses
    root: Path | None = None  # the MLTRACK_DIR whose spool it follows; None: a team's server

    def __repr__(self) -> str:
        return f"Config(host={self.host!r}, port={self.port}, token={'…' if self.token else ''!r})"


def check(config: Config) -> Config:
    """Return *config* if a server may run like that.

    Raises:
        SettingInvalid: It would be open to everyone, or a setting makes no sense.
    """
    if not 0 <= config.port <= 65535:
        raise SettingInvalid("--port", config.port, "a port is a number from 0 to 65535")
    for name in config.allowed_hosts:
        if not name or "/" in name or "*" in name or name != name.strip():
            raise SettingInvalid(
                "--allowed-hosts", name, "give names like tracker.example.org or 10.0.0.5:8080"
            )
    if not config.token and not is_loopback(config.host):
        raise SettingInvalid(
            "--host",
            config.host,
            "everyone who reaches this address could read and write every run. Set a token with "
            "--token-file PATH or MLTRACK_TOKEN, or listen on 127.0.0.1",
        )
    return config


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach *host*."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def read_token(
    file: Path | None,
    environ: Mapping[str, str] = os.environ,  # noqa: TID251 - the one place
) -> str:
    """Return the token in *file*, else that in MLTRACK_TOKEN, else "".

    Raises:
        SettingInvalid: The file cannot be read, is open to other users, or what is given is no
            token.
    """
    if file is None:
        if token := environ.get("MLTRACK_TOKEN", "").strip():
            _check_token("MLTRACK_TOKEN", "…", token)
        return token
    try:
        mode = file.stat().st_mode
        token = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise SettingInvalid("--token-file", str(file), reason) from error
    if mode & stat.S_IWOTH:
        raise SettingInvalid("--token-file", str(file), "every user may change it: chmod 600 it")
    _check_token("--token-file", str(file), token)
    return token


def _check_token(setting: str, shown: str, token: str) -> None:
    """Refuse what can be guessed or cannot travel in a header."""
    if not TOKEN_CHARACTERS_MIN <= len(token) <= TOKEN_CHARACTERS_MAX:
        raise SettingInvalid(
            setting,
            shown,
            f"the token has {len(token)} characters; use {TOKEN_CHARACTERS_MIN} to "
            f"{TOKEN_CHARACTERS_MAX}, e.g. what `openssl rand -hex 32` prints",
        )
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise SettingInvalid(setting, shown, "the token has spaces or non-ASCII characters")


def has_display(
    environ: Mapping[str, str] = os.environ,  # noqa: TID251 - the one place
) -> bool:
    """Tell whether a browser could be shown to whoever started this process."""
    return sys.platform == "darwin" or bool(
        environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")
    )
