"""Files are looked at before they are read: size, archives, tables."""

from __future__ import annotations

import gzip
import stat
import zipfile
from pathlib import Path

import openpyxl
import pytest
from pytest_django import Settings

from quanyu.apps.territory.loading import faults, files
from quanyu.apps.territory.loading.tables import read_table
from quanyu.errors import QuanyuError

COLUMNS = {"code": ("区划代码",), "households": ("户数",)}


def make_zip(path: Path, members: dict[str, bytes], *, level: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", level) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def refused(path: Path, fault: type[QuanyuError], message: str) -> None:
    with pytest.raises(fault, match=message), files.opened(path):
        pass


def test_a_zip_bomb_is_refused_by_its_ratio(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "bomb.zip", {"buildings.geojson": b"\0" * 50_000_000})
    refused(path, faults.SwellingArchive, r"buildings.geojson would unpack to 47 MB, \d+ times its size")


def test_a_zip_that_unpacks_beyond_the_limit_is_refused(tmp_path: Path, settings: Settings) -> None:
    settings.QUANYU_UPLOAD_LIMIT_MB = 1
    part = bytes(range(256)) * 2400
    path = make_zip(tmp_path / "large.zip", {f"{n}.geojson": part for n in range(3)})
    assert path.stat().st_size < 2**20
    refused(path, faults.SwellingArchive, "large would unpack to 1 MB")


def test_a_zip_whose_member_lies_about_its_size_is_stopped_while_unpacking(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "liar.zip", {"a.geojson": b"x" * 4000}, level=zipfile.ZIP_STORED)
    content = path.read_bytes().replace((4000).to_bytes(4, "little"), (40).to_bytes(4, "little"))
    path.write_bytes(content)
    refused(path, faults.UnreadableFile, "liar.zip")


@pytest.mark.parametrize(
    "name", ["../out.geojson", "/etc/out.geojson", "a/../../out.geojson", "..\\out.geojson", "C:x.geojson"]
)
def test_a_member_that_points_outside_is_refused(tmp_path: Path, name: str) -> None:
    path = make_zip(tmp_path / "escape.zip", {name: b"{}"})
    refused(path, faults.UnsafeArchive, "points outside the archive or is a link")
    assert not (tmp_path / "out.geojson").exists()


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    member = zipfile.ZipInfo("buildings.geojson")
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(member, "/etc/passwd")
    refused(tmp_path / "link.zip", faults.UnsafeArchive, "buildings.geojson points outside the archive or is a link")


def test_a_zip_of_too_many_members_is_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "crowd.zip", {f"{n}.txt": b"" for n in range(files.MOST_MEMBERS + 1)})
    refused(path, faults.CrowdedArchive, "it has 2001 members, more than 2000")


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "locked.zip", {"a.geojson": b"{}"})
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        content[content.index(signature) + offset] |= 1
    path.write_bytes(content)
    refused(path, faults.LockedArchive, "a.geojson is encrypted. Zip it without a password")


def test_a_zip_without_layers_or_that_is_none_is_refused(tmp_path: Path) -> None:
    refused(
        make_zip(tmp_path / "notes.zip", {"notes.txt": b"x"}), faults.UnreadableFile, "notes.zip is no file of a form"
    )
    (tmp_path / "fake.zip").write_bytes(b"no zip")
    refused(tmp_path / "fake.zip", faults.UnreadableFile, "fake.zip is no file of a form taken here")


def test_a_link_in_a_folder_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "layers"
    folder.mkdir()
    (tmp_path / "secret.geojson").write_text("{}")
    (folder / "buildings.geojson").symlink_to(tmp_path / "secret.geojson")
    refused(folder, faults.EmptyFile, "layers is empty")


# Tables


def test_a_gzip_bomb_is_refused(tmp_path: Path, settings: Settings) -> None:
    settings.QUANYU_UPLOAD_LIMIT_MB = 1
    (tmp_path / "bomb.csv.gz").write_bytes(gzip.compress(b"a" * 3_000_000))
    with pytest.raises(faults.SwellingArchive, match=r"bomb.csv would unpack"):
        read_table(tmp_path / "bomb.csv.gz", COLUMNS, required=("code",))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_the_encodings_of_offices_are_read(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "t.csv").write_bytes("区划代码,户数\n370114001001,３００\n".encode(encoding))
    table = read_table(tmp_path / "t.csv", COLUMNS, required=("code", "households"))
    found: list[QuanyuError] = []
    assert table.rows[0]["code"] == "370114001001"
    assert table.count(table.rows[0], "households", found) == 300
    assert not found


def test_rows_keep_the_number_a_spreadsheet_shows(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "六月"
    for row in (["户数", "区划代码"], [None, None], [12, "370114001001"], ["约3", "370114001002"]):
        sheet.append(row)
    book.save(tmp_path / "t.xlsx")
    table = read_table(tmp_path / "t.xlsx", COLUMNS, required=("code",))
    assert [row.number for row in table.rows] == [3, 4]
    found: list[QuanyuError] = []
    assert table.count(table.rows[1], "households", found) is None
    assert str(found[0]).startswith("t.xlsx, 六月, row 4, column 户数: 约3 is no whole number")


def test_a_table_without_the_column_says_what_it_has(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    with pytest.raises(
        faults.MissingColumn, match=r"no column code. It has: a, b. Name the column by one of code, 区划代码"
    ):
        read_table(tmp_path / "t.csv", COLUMNS, required=("code",))


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("t.csv", b"", faults.EmptyFile),
        ("t.csv", b"code,households\n", faults.NoRows),
        ("t.csv", b"\x00\x01\x02", faults.UnreadableFile),
        ("t.csv.gz", b"no gzip", faults.UnreadableFile),
        ("t.xlsx", b"no workbook", faults.UnreadableFile),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, name: str, content: bytes, fault: type[QuanyuError]) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(fault, match=name):
        read_table(tmp_path / name, COLUMNS, required=("code",))
