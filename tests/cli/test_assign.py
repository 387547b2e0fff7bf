"""``quanyu assign`` and ``quanyu match`` on files: answers, reasons, exit codes, and what a bad file gets."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from quanyu.cli import main

DATA = Path(__file__).parents[1] / "data" / "assignment"
AGENTS = "name,x,y,capacity,office\nWang,0,0,1,east\nLi,1000,0,2,west\n"
TASKS = "name,x,y,office,today,load\nMill,100,0,east,Li,1\nShop,200,0,east,Wang,1\nPort,900,0,west,,2\n"


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    agents, tasks = tmp_path / "agents.csv", tmp_path / "tasks.csv"
    agents.write_text(AGENTS)
    tasks.write_text(TASKS)
    return agents, tasks


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def test_tasks_go_to_near_agents_with_room(files: tuple[Path, Path]) -> None:
    done = call("assign", *files)
    assert done.exit_code == 0, done.output
    assert [(row["task"], row["agent"], row["metres"]) for row in rows(done.stdout)] == [
        ("Mill", "Wang", "100"), ("Shop", "Li", "800"), ("Port", "Li", "100"),
    ]  # fmt: skip
    assert "objective 1000  bound 1000  gap 0.0  is_optimal True" in done.stderr


def test_options_hold_and_who_is_left_out_is_told_why(files: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "answer.csv"
    done = call("assign", *files, "--organization", "office", "--out", out, "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["assigned"] == 2
    left = next(row for row in rows(out.read_text()) if row["reason"])
    assert (left["task"], left["reason"], left["would_help"], left["missing"]) == ("Shop", "full", "Wang", "1")
    near = call("assign", *files, "--radius", "150")
    assert [row["reason"] for row in rows(near.stdout)] == ["", "no_candidate", ""]
    kept = call("assign", *files, "--previous", "today", "--change-cost", "9000")
    assert [row["agent"] for row in rows(kept.stdout)] == ["Li", "Wang", "Li"]
    loaded = call("assign", *files, "--load", "load", "--json")
    assert json.loads(loaded.stdout)["assigned"] == 2


def test_degrees_become_metres_and_a_spreadsheet_of_a_chinese_office_is_read(tmp_path: Path) -> None:
    agents, tasks = tmp_path / "a.csv", tmp_path / "t.csv"
    agents.write_text("网格员,lon,lat,容量\n王,120.0,30.0,1\n", encoding="gb18030")
    tasks.write_text("企业,lon,lat\n厂,120.0,31.0\n", encoding="utf-8-sig")
    done = call("assign", agents, tasks, "--capacity", "容量")
    assert done.exit_code == 0, done.output
    assert rows(done.stdout)[0] | {"metres": ""} == {
        "task": "厂", "agent": "王", "metres": "", "reason": "", "would_help": "", "missing": "",
    }  # fmt: skip
    assert int(rows(done.stdout)[0]["metres"]) == pytest.approx(111_195, abs=1)


def test_a_published_problem_is_solved_within_its_bound() -> None:
    done = call("assign", "--format", "orlib", DATA / "gap_e10200.txt", "--steps", "1", "--json")
    assert done.exit_code == 0, done.output
    figures = json.loads(done.stdout)
    assert figures["bound"] <= 23307 <= figures["objective"] <= 23400


FAULTS = [
    (
        AGENTS.replace("capacity", "room"),
        TASKS,
        "agents.csv has no column capacity; it has: name, x, y, room, office.",
    ),
    (
        AGENTS.replace(",1,east", ",1.5,east"),
        TASKS,
        "agents.csv, row 2, column capacity holds '1.5', expected a whole number from 0",
    ),
    (AGENTS, TASKS.replace("200", "far"), "tasks.csv, row 3, column x holds 'far', expected a number."),
    (AGENTS, TASKS.replace("200", "nan"), "tasks.csv, row 3, column x holds 'nan'"),
    (
        AGENTS,
        TASKS.replace("Shop", "Mill"),
        "row 3, column name holds 'Mill', expected a name that no",
    ),
    (
        AGENTS,
        TASKS.replace("east,Wang", "east,Zhao"),
        "row 3, column today holds 'Zhao', expected a name in the first column of",
    ),
    (AGENTS, TASKS + "Inn,1\n", "tasks.csv, row 5: 2 cells. Expected is 6 cells"),
    (AGENTS, "name,x,x\nMill,1,2\n", "tasks.csv, row 1: two columns x."),
    (AGENTS, "", "tasks.csv is empty."),
    (AGENTS, "\0", "tasks.csv, row 1: no text"),
]


@pytest.mark.parametrize(("agents", "tasks", "words"), FAULTS)
def test_a_bad_file_is_misuse_with_its_row_and_column(
    files: tuple[Path, Path], agents: str, tasks: str, words: str
) -> None:
    for file, text in zip(files, (agents, tasks), strict=True):
        file.write_text(text)
    done = call("assign", *files, "--previous", "today")
    assert done.exit_code == 2
    assert words in done.stderr


@pytest.mark.parametrize("option", [("--radius", "nan"), ("--radius", "inf"), ("--seconds", "nan")])
def test_what_is_no_number_is_misuse(files: tuple[Path, Path], option: tuple[str, str]) -> None:
    done = call("assign", *files, "--load", "load", *option)
    assert done.exit_code == 2
    assert f"{option[1]} is no number" in done.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--change-cost", "5"), "--change-cost needs --previous"),
        (("--seconds", "5"), "--seconds is about loads"),
        (("--steps", "5"), "--steps is about loads"),
        (("--format", "orlib", "--radius", "5"), "--radius is about tables"),
        (("--format", "orlib", "--previous", "today"), "--previous is about tables"),
    ],
)
def test_an_option_that_would_do_nothing_is_misuse(
    files: tuple[Path, Path], options: tuple[str, ...], words: str
) -> None:
    done = call("assign", *(files[:1] if "orlib" in options else files), *options)
    assert done.exit_code == 2
    assert words in done.output


def test_a_problem_that_breaks_off_is_misuse(tmp_path: Path, files: tuple[Path, Path]) -> None:
    short = tmp_path / "gap.txt"
    short.write_text("2 3 1 1")
    assert (
        "gap.txt, row 1: 4 numbers. Expected is 16 numbers, as 2 agents and 3 tasks need."
        in call("assign", short, "--format", "orlib").stderr
    )
    short.write_text("2 three")
    assert "whole numbers alone" in call("assign", short, "--format", "orlib").stderr
    assert call("assign", files[0]).exit_code == 2
    assert call("assign", *files, "--format", "orlib").exit_code == 2


@pytest.fixture
def wishes(tmp_path: Path) -> tuple[Path, Path]:
    applications, posts = tmp_path / "applications.csv", tmp_path / "posts.csv"
    applications.write_text(
        "applicant,post,rank,points\nZhao,guard,1,5\nZhao,clerk,2,9\nQian,guard,1,7\nQian,clerk,2,1\nSun,guard,1,6\n"
    )
    posts.write_text("post,places\nguard,1\nclerk,1\n")
    return applications, posts


def test_applicants_are_matched_and_told_what_they_lack(wishes: tuple[Path, Path]) -> None:
    done = call("match", *wishes)
    assert done.exit_code == 1
    assert [(row["applicant"], row["post"], row["reason"], row["missing"]) for row in rows(done.stdout)] == [
        ("Zhao", "clerk", "", ""), ("Qian", "guard", "", ""), ("Sun", "", "outranked", "1.0"),
    ]  # fmt: skip
    figures = json.loads(call("match", *wishes, "--by-points", "--json").stdout)
    assert (figures["matched"], figures["points"], figures["most_points"]) == (2, 16.0, 16)


def test_points_beyond_what_can_be_summed_are_misuse_with_their_row(tmp_path: Path) -> None:
    wishes, posts = tmp_path / "wishes.csv", tmp_path / "posts.csv"
    # In the file the last post comes first, and the applicants are many.
    rows = "".join(f"A{i},second,2,1\nA{i},first,1,{2**40 if i == 150 else 3}\n" for i in range(200))
    wishes.write_text("applicant,post,rank,points\n" + rows)
    posts.write_text("post,places\nfirst,1\nsecond,1\n")
    done = call("match", wishes, posts, "--by-points")
    assert done.exit_code == 2
    assert f"wishes.csv, row 303, column points holds '{2**40}', expected at most " in done.stderr


def test_a_wish_for_an_unknown_post_or_twice_is_misuse(wishes: tuple[Path, Path]) -> None:
    text = wishes[0].read_text()
    wishes[0].write_text(text + "Li,cook,1,3\n")
    assert "row 7, column post holds 'cook', expected a name in" in call("match", *wishes).stderr
    wishes[0].write_text(text + "Sun,guard,2,3\n")
    assert "row 7, column post holds 'guard', expected a post that" in call("match", *wishes).stderr


def test_the_verbs_start_without_django(files: tuple[Path, Path]) -> None:
    code = f"import sys; from quanyu.cli import main; main(['assign', {str(files[0])!r}, {str(files[1])!r}], \
standalone_mode=False); sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
