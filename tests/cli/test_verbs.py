"""The list of verbs: there at once, and true."""

from __future__ import annotations

import importlib
import subprocess
import sys

from click.testing import CliRunner

from quanyu.cli import VERBS, main


def test_the_list_of_verbs_starts_neither_django_nor_the_engines() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from quanyu.cli import main\n"
        "assert CliRunner().invoke(main, ['--help']).exit_code == 0\n"
        "print([name for name in ('django', 'numpy', 'numba', 'shapely') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_each_verb_is_where_the_list_says_and_does_what_it_says() -> None:
    for verb, (module, sentence) in VERBS.items():
        command = getattr(importlib.import_module(module), verb)
        assert command.name == verb
        if verb != "district":
            assert command.help.splitlines()[0] == sentence


def test_an_unknown_verb_is_misuse() -> None:
    result = CliRunner().invoke(main, ["dance"])
    assert result.exit_code == 2
    assert "No such command 'dance'" in result.stderr
