"""Compile the translations: each django.po beside its django.mo."""

from __future__ import annotations

from pathlib import Path

import polib

for source in (Path(__file__).resolve().parent.parent / "src/quanyu/locale").rglob("*.po"):
    target = source.with_suffix(".mo")
    if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
        polib.pofile(str(source)).save_as_mofile(str(target))
