"""Every setting, verb, address and error code is in the reference, in both languages; nothing is there that is not."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

import pytest
from django.urls import URLPattern, get_resolver

import quanyu
from quanyu.api.features import urlpatterns
from quanyu.api.v1 import api
from quanyu.cli import VERBS
from quanyu.errors import QuanyuError

ROOT = Path(quanyu.__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
LANGUAGES = ("", ".zh")


def _page(name: str, language: str) -> str:
    return (REFERENCE / f"{name}{language}.md").read_text(encoding="utf-8")


def _error_codes() -> set[str]:
    """Import the whole package, so that every class of the error tree is there."""
    for module in pkgutil.walk_packages(quanyu.__path__, "quanyu."):
        if ".migrations" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    codes, waiting = set(), [QuanyuError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        codes.add(kind.code)
    return codes - {QuanyuError.code}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_setting_is_documented(language: str) -> None:
    source = (Path(quanyu.__file__).parent / "site" / "settings.py").read_text(encoding="utf-8")
    used = set(re.findall(r'"(QUANYU_[A-Z_]+)"', source))
    documented = set(re.findall(r"^\| `(QUANYU_[A-Z_]+)`", _page("settings", language), re.MULTILINE))
    assert documented == used


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_verb_is_documented(language: str) -> None:
    documented = re.findall(r"^\| `quanyu ([a-z]+)", _page("commands", language), re.MULTILINE)
    assert set(documented) == set(VERBS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_address_is_documented(language: str) -> None:
    schema = api.get_openapi_schema()
    served = {f"{method.upper()} {path}" for path, methods in schema["paths"].items() for method in methods}
    served |= {
        "GET /api/features/" + re.sub(r"<\w+:(\w+)>", r"{\1}", str(each.pattern))
        for each in urlpatterns
        if isinstance(each, URLPattern)
    }
    documented = set(re.findall(r"^\| `((?:GET|POST) /[^`]+)`", _page("api", language), re.MULTILINE))
    assert documented == served
    assert get_resolver().resolve("/api/").url_name == "api"


def test_every_error_code_is_documented() -> None:
    documented = set(re.findall(r"^\| `([a-z0-9_]+)`", _page("errors", ""), re.MULTILINE))
    assert documented == _error_codes()


@pytest.mark.parametrize("page", ["settings", "commands", "api", "plans"])
def test_both_languages_have_the_same_tables(page: str) -> None:
    rows = [re.findall(r"^\| `", _page(page, language), re.MULTILINE) for language in LANGUAGES]
    assert len(rows[0]) == len(rows[1])
