"""What can be wrong with a query is said in the dashboard's languages too."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mltrack_server.reasons import CODES

I18N = Path(__file__).parents[2] / "server" / "dashboard" / "src" / "i18n"


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_reason_has_words_in_every_language(language: str) -> None:
    """A code that the dashboard does not know would be told in English."""
    strings = (I18N / f"{language}.ts").read_text(encoding="utf-8")

    assert set(re.findall(r'"query\.(\w+)"', strings)) >= CODES
