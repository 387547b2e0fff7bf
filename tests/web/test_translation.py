"""Every string of the interface has a Chinese sentence with the same placeholders."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import polib
import pytest

from quanyu.engines.districting.result import RULES
from quanyu.web import words

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT / "src/quanyu/locale/zh_Hans/LC_MESSAGES/django.po"
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|\{\w+(?::\w+)?\}")


@pytest.fixture(scope="module")
def catalogue() -> polib.POFile:
    return polib.pofile(str(CATALOGUE))


def translations(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def test_every_entry_is_translated_and_none_is_fuzzy(catalogue: polib.POFile) -> None:
    assert [entry.msgid for entry in catalogue if not entry.obsolete and not all(translations(entry))] == []
    assert [entry.msgid for entry in catalogue.fuzzy_entries()] == []


def test_a_translation_has_the_placeholders_of_its_source(catalogue: polib.POFile) -> None:
    for entry in catalogue:
        for text in translations(entry):
            assert sorted(set(PLACEHOLDER.findall(text))) == sorted(set(PLACEHOLDER.findall(entry.msgid))), entry.msgid


def test_no_translation_is_left_in_english(catalogue: polib.POFile) -> None:
    assert [entry.msgid for entry in catalogue if not re.search(r"[、㐀-鿿]", "".join(translations(entry)))] == []


def test_the_catalogue_holds_every_string_of_the_source(catalogue: polib.POFile, tmp_path: Path) -> None:
    """Collect anew, beside the source, and look for strings that the catalogue lacks."""
    copy = tmp_path / "quanyu"
    for path in [*(ROOT / "src/quanyu").rglob("*.py"), *(ROOT / "src/quanyu").rglob("*.html")]:
        target = copy / path.relative_to(ROOT / "src/quanyu")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    (copy / "locale").mkdir()
    collect = [
        sys.executable,
        "-m",
        "django",
        "makemessages",
        "--locale",
        "zh_Hans",
        "--settings",
        "quanyu.site.settings",
    ]
    subprocess.run(collect, cwd=copy, check=True, capture_output=True)
    fresh = polib.pofile(str(copy / "locale/zh_Hans/LC_MESSAGES/django.po"))
    known = {(entry.msgctxt, entry.msgid) for entry in catalogue}
    assert [entry.msgid for entry in fresh if (entry.msgctxt, entry.msgid) not in known] == []


def test_every_error_is_marked_for_translation() -> None:
    """Errors stand below Django; tools/collect_errors.py marks their templates."""
    collect = "import sys; sys.path.insert(0, 'tools'); import collect_errors; print(collect_errors.collected())"
    done = subprocess.run([sys.executable, "-c", collect], cwd=ROOT, check=True, capture_output=True, text=True)
    fresh: dict[str, object] = {}
    exec(done.stdout, fresh)  # noqa: S102 the very text that would be written
    from quanyu.web.error_words import TEMPLATES

    assert fresh["TEMPLATES"] == TEMPLATES


def test_every_rule_that_a_drawing_may_break_has_words() -> None:
    assert set(words.RULES) == {*RULES, "by_hand"}
