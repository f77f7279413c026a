"""Secrets are removed before anything touches the spool.

Three nets: values of keys that are named like secrets, texts that have the shape of a known kind of
secret, and the exact values of this process's own secret environment variables.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote
from urllib.parse import quote_plus

from mltrack_core.records import ParamValue

REDACTED: Final = "[redacted]"
SECRET_CHARACTERS_MIN: Final = 8  # shorter values of secret variables occur in any text

_SECRET_KEY: Final = re.compile(
    r"(?i)passw(?:or)?ds?(?:$|[^a-z])|passphrase|"
    r"(?:^|[^a-z])(?:secrets?|credentials?|authorization|"
    r"(?:(?:api|access|auth|account|encryption|signing|private|ssh|storage)[_-]?|kaggle[_-])keys?|"
    r"(?:access|auth|api|bearer|refresh|session|id|hf|hub|wandb|github|git|write|read|slack|bot)"
    r"[_-]?token|access[_-]?tokens|token|"
    r"(?:db|user|admin|login|mail|smtp|redis|ssh)[_-]?pass|(?:github|gitlab|git)[_-]pat)"
    r"(?:$|[^a-z])|[^a-z]pwd$"
)
_CAMEL_CASE: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# Keys that name a setting of tokens as pieces of text, which this field is full of.
_NO_SECRET_KEY: Final = re.compile(
    r"(?i)(?:max|min|num|n|pad|bos|eos|unk|sep|cls|mask|new|total|per|special|image)[_-]tokens?\b|"
    r"tokens?[_-](?:id|ids|len|length|count|type|size|per|limit|dropout)|tokenizer"
)
_SHAPES: Final = re.compile(
    r"""
    \b(?:AKIA|ASIA)[0-9A-Z]{16}\b                                # AWS access key id
    | \bAIza[0-9A-Za-z_-]{35}                                    # Google API key
    | \bya29\.[0-9A-Za-z_-]{20,}                                 # Google OAuth
    | \bgh[pousr]_[0-9A-Za-z]{36,}\b | \bgithub_pat_\w{40,}\b    # GitHub
    | \bglpat-[0-9A-Za-z_-]{20,}                                 # GitLab
    | \bhf_[0-9A-Za-z]{30,}\b                                    # Hugging Face
    | \bsk-[0-9A-Za-z_-]{20,}                                    # OpenAI and kin
    | \bxox[abprs]-[0-9A-Za-z-]{10,}                             # Slack
    | \beyJ[0-9A-Za-z_-]{8,}\.eyJ[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_-]*   # JWT
    | \bmlt_[0-9A-Za-z_-]{20,}                                   # ours
    | -----BEGIN\ [A-Z ]*PRIVATE\ KEY-----[^-]*(?:-----END\ [A-Z ]*PRIVATE\ KEY-----)?
    """,
    re.VERBOSE,
)
# name=value, name: value and --name value, quoted or not, in free text. It begins at the telling
# word, not at the name's start, and every repetition before the value is bounded: a user's line of
# a megabyte must take milliseconds, whatever is in it.
_ASSIGNMENT: Final = re.compile(
    r"""(?ix)
    (?: secret | passw(?:or)?d | passphrase | token | credential | authorization | pwd |
        (?:api|access|auth|account|wandb|private|storage)[_-]?key ) [\w.-]{0,64} (?:\\?["'])?
    (?P<sign> \s{0,8} [=:] \s{0,8} (?: (?:bearer|basic) \s{1,8} )? | [ ] )
    (?: (?P<quote> \\?["'] ) (?P<quoted> [^\n]{1,1000}? ) (?P=quote)
      | ["']? (?P<bare> [^\s"',;&}\]\\]{6,} ) )
    """
)
_NAME_CHARACTERS_MAX: Final = 64  # looked at before the telling word
_NAME_END: Final = re.compile(r"[\w.-]*\Z")
_USERINFO: Final = re.compile(r"(?P<scheme>\b[a-zA-Z][\w+.-]{0,30}://)[^/\s'\"]+@")
# One cheap look decides for most lines: none of these means that no pattern can match.
_HINTS: Final = (
    "key", "token", "secret", "passw", "passphrase", "pwd", "credential", "authorization", "://",
    "akia", "asia", "aiza", "ya29.", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat", "glpat",
    "hf_", "sk-", "xox", "eyj", "mlt_",
)  # fmt: skip
_FLAG: Final = re.compile(r"--?[\w.-]+")


class Redactor:
    """Removes secrets from text, parameters and command lines.

    Args:
        secrets: Exact values to remove wherever they occur: as they are, URL-encoded, as Python or
            JSON quote them, and each line of those that have several, as keys in PEM form do.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = {
            part
            for secret in secrets
            for part in (secret, *map(str.strip, secret.splitlines()))
            if len(part) >= SECRET_CHARACTERS_MIN and not part.startswith("-----")
        }
        known |= {quoted for secret in known for quoted in _quotings(secret)}
        longest_first = sorted(known, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if known else None

    def text(self, text: str) -> str:
        """Return *text* without secrets; unchanged text comes back as the same object."""
        if self._known is not None:
            text = self._known.sub(REDACTED, text)
        lowered = text.lower()
        if not any(hint in lowered for hint in _HINTS):
            return text
        text = _SHAPES.sub(REDACTED, text)
        text = _USERINFO.sub(rf"\g<scheme>{REDACTED}@", text)
        return _without_assigned(text)

    def params(self, values: dict[str, ParamValue]) -> dict[str, ParamValue]:
        """Return flat parameters with every secret value replaced."""
        return {key: self._param(key, value) for key, value in values.items()}

    def command(self, arguments: Iterable[str]) -> list[str]:
        """Return a command line with the values of secret options replaced."""
        clean: list[str] = []
        is_secret = False
        for argument in arguments:
            if is_secret and not argument.startswith("-"):
                clean.append(REDACTED)
                is_secret = False
                continue
            flag, equals, _value = argument.partition("=")
            is_secret = bool(_FLAG.fullmatch(flag)) and is_secret_key(flag)
            if equals and (is_secret or is_secret_key(flag)):
                clean.append(f"{flag}={REDACTED}")
                is_secret = False
            else:
                clean.append(self.text(argument))
        return clean

    def _param(self, key: str, value: ParamValue) -> ParamValue:
        if isinstance(value, str | list) and value and is_secret_key(key):
            return REDACTED
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.text(item) if isinstance(item, str) else item for item in value]
        return value


def is_secret_key(key: str) -> bool:
    """Tell whether a value under this name is likely to be a secret."""
    key = _CAMEL_CASE.sub("_", key)
    return bool(_SECRET_KEY.search(key)) and not _NO_SECRET_KEY.search(key)


def without_userinfo(url: str) -> str:
    """Return a remote's address without user, password, query and fragment."""
    scheme, separator, rest = url.partition("://")
    if not separator:  # git@host:path
        return url.rpartition("@")[2].partition("?")[0]
    host, slash, path = rest.partition("/")
    path = path.partition("?")[0].partition("#")[0]
    return f"{scheme}://{host.rpartition('@')[2].partition('?')[0]}{slash}{path}"


def _quotings(secret: str) -> Iterator[str]:
    """Yield *secret* as URLs, Python and JSON write it."""
    yield quote(secret, safe="")
    yield quote_plus(secret)
    yield repr(secret)[1:-1]
    yield json.dumps(secret)[1:-1]


def _without_assigned(text: str) -> str:
    """Return *text* without the values that it assigns to names of secrets."""
    parts: list[str] = []
    copied = position = 0
    while match := _ASSIGNMENT.search(text, position):
        before = text[max(0, match.start() - _NAME_CHARACTERS_MAX) : match.start()]
        found = _NAME_END.search(before)
        assert found is not None  # it matches nothing, too
        name = found[0] + text[match.start() : match.start("sign")].rstrip("\"'\\")
        assert match.lastgroup is not None
        start, end = match.span(match.lastgroup)
        if is_secret_key(name) and (match["sign"] != " " or name.startswith("-")):
            parts += text[copied:start], REDACTED
            copied = position = end
        else:
            position = start  # what looks like the value may be the next name
    return "".join((*parts, text[copied:])) if parts else text
