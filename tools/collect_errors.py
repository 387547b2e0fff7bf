"""Write every error's template into a file of marked words, so that translators meet it.

Errors live below Django and cannot mark their own text; ``make messages`` runs this before it collects, and a test
refuses a file that is behind.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "src/quanyu/web/error_words.py"
HEAD = (
    '"""Every error\'s template, marked for translation. Written by tools/collect_errors.py."""\n\n# ruff: noqa: E501\n'
)


def collected() -> str:
    """Return what the file must hold."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quanyu.site.settings")
    import django

    django.setup()
    import quanyu
    from quanyu.errors import QuanyuError

    for module in pkgutil.walk_packages(quanyu.__path__, "quanyu."):
        if not {"migrations", "__main__", "wsgi"} & set(module.name.split(".")):
            importlib.import_module(module.name)
    templates, waiting = set(), [QuanyuError]
    while waiting:
        error = waiting.pop()
        waiting += error.__subclasses__()
        if error.__module__.startswith("quanyu.") and error.template != "%(detail)s":
            templates.add(error.template)
    lines = "\n".join(f"    gettext_noop({_quoted(template)})," for template in sorted(templates))
    return f"{HEAD}\nfrom django.utils.translation import gettext_noop\n\nTEMPLATES = [\n{lines}\n]\n"


def _quoted(text: str) -> str:
    """Return ``text`` as the source of a string, in the quotes the formatter prefers."""
    return repr(text) if '"' in text else '"' + repr(text + "'")[1:-2].replace("\\'", "'") + '"'


if __name__ == "__main__":
    TARGET.write_text(collected())
