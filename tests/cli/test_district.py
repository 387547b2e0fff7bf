"""``quanyu district`` on files: labels, exit codes, and what a bad file gets."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from quanyu.cli import main

DATA = Path(__file__).parents[1] / "data" / "districting"


def call(file: Path, out: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["district", str(file), "--out", str(out), *options])


def write(path: Path, **changes: Any) -> Path:
    arrays = {
        "weights": [4, 4, 4, 4],
        "indptr": [0, 1, 3, 5, 6],
        "indices": [1, 0, 2, 1, 3, 2],
        "edge_length": [1.0] * 6,
    }
    arrays.update(changes)
    np.savez(path, **{name: np.array(values) for name, values in arrays.items() if values is not None})
    return path


def test_districts_of_a_file_are_written_and_summed_up(tmp_path: Path) -> None:
    out = tmp_path / "labels.npy"
    done = call(write(tmp_path / "row.npz"), out, "--k", "2", "--lower", "8", "--upper", "8", "--json")
    assert done.exit_code == 0, done.output
    figures = json.loads(done.stdout)
    assert (figures["districts"], figures["in_range"], figures["cut_edges"], figures["unmet"]) == (2, 2, 1, [])
    assert np.load(out).tolist() == [0, 0, 1, 1]


def test_a_rule_that_cannot_be_kept_is_named_and_exits_1(tmp_path: Path) -> None:
    done = call(write(tmp_path / "row.npz"), tmp_path / "l.npy", "--lower", "20", "--upper", "30")
    assert done.exit_code == 1
    assert "light (proven): districts [0], weight 16, off by 4; would mend it: lower 16" in done.stderr
    assert np.load(tmp_path / "l.npy").tolist() == [0, 0, 0, 0]


def test_what_is_proven_of_the_cut_is_told_on_request(tmp_path: Path) -> None:
    file, out = write(tmp_path / "row.npz"), tmp_path / "labels.npy"
    done = call(file, out, "--lower", "8", "--upper", "8", "--k", "2", "--bound", "5", "--json")
    figures = json.loads(done.stdout)
    assert (figures["cut_edges"], figures["cut_bound"], figures["gap"]) == (1, 1, 0.0)
    plain = call(file, out, "--lower", "8", "--upper", "8", "--json")
    assert "cut_bound" not in json.loads(plain.stdout)


def test_a_bound_on_the_cut_is_refused_where_the_cut_is_not_the_aim(tmp_path: Path) -> None:
    options = ("--lower", "8", "--upper", "8", "--objective", "moment_of_inertia", "--bound", "5")
    done = call(write(tmp_path / "row.npz"), tmp_path / "labels.npy", *options)
    assert done.exit_code == 2
    assert "use it with --objective cut_edges or cut_length" in done.stderr
    assert not (tmp_path / "labels.npy").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"edge_length": None}, "has no array edge_length"),
        ({"indptr": [0, 1, 3]}, "indptr has 3 entries, expected 5"),
        ({"edge_length": [1.0]}, "edge_length has 1 entries, expected 6"),
        ({"indices": [1, 0, 2, 1, 9, 2]}, "indices[4] is 9, but there are 4 atoms"),
        ({"indptr": 0}, "indptr has 0 dimensions of int64, expected 1 dimension of whole numbers"),
        ({"weights": [["5"]]}, "weights has 2 dimensions"),
        ({"indptr": [0, 3, 1, 5, 6]}, "indptr must rise from 0 to 6"),
    ],
)
def test_a_broken_file_is_misuse_with_its_fault(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    file = write(tmp_path / "row.npz", **changes)
    done = call(file, tmp_path / "l.npy", "--lower", "1", "--upper", "9")
    assert done.exit_code == 2
    assert words in done.stderr
    assert not (tmp_path / "l.npy").exists()


def test_a_file_that_is_no_archive_or_missing_is_misuse(tmp_path: Path) -> None:
    text = tmp_path / "text.npz"
    text.write_text("not an archive")
    assert "is no readable .npz archive" in call(text, tmp_path / "l.npy", "--lower", "1", "--upper", "9").stderr
    alone = tmp_path / "alone.npz"
    with alone.open("wb") as sink:
        np.save(sink, np.arange(3))
    assert "holds one array" in call(alone, tmp_path / "l.npy", "--lower", "1", "--upper", "9").stderr
    missing = call(tmp_path / "none.npz", tmp_path / "l.npy", "--lower", "1", "--upper", "9")
    assert missing.exit_code == 2
    assert "does not exist" in missing.stderr


@pytest.mark.parametrize(
    "options",
    [("--out", "none/l.npy"), ("--out", "-"), ("--seconds", "nan"), ("--steps", "9" * 23), ("--upper", "9" * 23)],
)
def test_an_option_that_cannot_be_is_misuse_before_any_search(tmp_path: Path, options: tuple[str, str]) -> None:
    done = call(write(tmp_path / "row.npz"), tmp_path / "l.npy", "--lower", "1", "--upper", "9", *options)
    assert (done.exit_code, done.exception is None or isinstance(done.exception, SystemExit)) == (2, True)
    assert options[0] in done.stderr
    assert not (tmp_path / "l.npy").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--stability", "0.5"), "row.npz: has no array previous, which --stability needs"),
        (("--balance", "1"), "row.npz: has no array loads, which --balance needs"),
        (("--k", "2", "--fewest"), "Give either --k, or --fewest"),
    ],
)
def test_an_option_that_would_do_nothing_is_misuse(tmp_path: Path, options: tuple[str, ...], words: str) -> None:
    done = call(write(tmp_path / "row.npz"), tmp_path / "l.npy", "--lower", "4", "--upper", "9", *options)
    assert done.exit_code == 2
    assert words in done.stderr
    assert not (tmp_path / "l.npy").exists()


def test_no_district_lies_across_a_barrier_of_the_file(tmp_path: Path) -> None:
    out = tmp_path / "labels.npy"
    file = write(tmp_path / "row.npz", barrier_edges=[True, True, False, False, False, False])
    options = ("--lower", "4", "--upper", "12", "--fewest", "--json")
    assert call(file, out, *options, "--bound", "5").exit_code == 0
    assert np.load(out).tolist() == [0, 1, 1, 1]
    call(write(tmp_path / "open.npz", edge_length=[9.0, 9.0, 1.0, 1.0, 9.0, 9.0]), out, *options)
    assert np.load(out).tolist() == [0, 0, 1, 1]
    unclear = call(write(tmp_path / "unclear.npz", barrier_edges=[np.nan] * 6), out, *options)
    assert unclear.exit_code == 2
    assert "barrier_edges[0] is nan; allowed is true or false" in unclear.stderr


def test_a_lower_limit_above_the_upper_one_is_misuse(tmp_path: Path) -> None:
    done = call(write(tmp_path / "row.npz"), tmp_path / "l.npy", "--lower", "9", "--upper", "8")
    assert done.exit_code == 2
    assert "The range is 9 to 8" in done.stderr


def test_a_curve_tells_what_each_number_of_districts_costs(tmp_path: Path) -> None:
    file = write(tmp_path / "row.npz")
    done = CliRunner().invoke(main, ["curve", str(file), "--lower", "4", "--upper", "8", "--counts", "2-4", "--json"])
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)["curve"]
    assert [(row["districts"], row["cut_edges"], row["largest"]) for row in rows] == [(2, 1, 8), (3, 2, 8), (4, 3, 4)]


def test_a_frontier_leads_from_free_to_least_moved(tmp_path: Path) -> None:
    file = write(tmp_path / "row.npz", previous=[0, 0, 0, 1])
    done = CliRunner().invoke(main, ["curve", str(file), "--lower", "8", "--upper", "8", "--frontier", "--json"])
    figures = json.loads(done.stdout)
    # Two districts of 8 each: the one of 12 gives up a building of 4.
    assert figures["least_moved"] == 4
    assert [row["moved"] for row in figures["curve"]] == [4] * 5


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "Give either --counts, or --frontier."),
        (("--counts", "3-2"), "'3-2' is no range of numbers"),
        (("--frontier",), "has no array previous, which --frontier needs"),
    ],
)
def test_a_curve_of_nothing_is_misuse(tmp_path: Path, options: tuple[str, ...], words: str) -> None:
    file = write(tmp_path / "row.npz")
    done = CliRunner().invoke(main, ["curve", str(file), "--lower", "4", "--upper", "8", *options])
    assert done.exit_code == 2
    assert words in done.stderr


def test_the_verb_never_imports_django(tmp_path: Path) -> None:
    file = write(tmp_path / "row.npz")
    program = (
        "import sys; from quanyu.cli import main\n"
        f"main(['district', {str(file)!r}, '--lower', '8', '--upper', '8', '--out', {str(tmp_path / 'l.npy')!r}],"
        " standalone_mode=False)\n"
        "assert 'django' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
