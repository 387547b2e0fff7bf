"""Open what was handed in safely: its size first, then what an archive would unpack to, then its content."""

from __future__ import annotations

import hashlib
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from django.conf import settings

from quanyu.apps.territory.loading import faults

FORMS = "GeoPackage (.gpkg), GeoJSON, Shapefile (a folder or .zip)"
# A layer's files are text and coordinates, which zip to a tenth or twentieth; a bomb shrinks a thousandfold.
MOST_SWELLING = 200
SWELLING_FROM = 1024 * 1024
MOST_MEMBERS = 2000
LAYER_ENDINGS = (".gpkg", ".geojson", ".json", ".shp")


def limit_bytes() -> int:
    """Return the size up to which a file is taken."""
    return settings.QUANYU_UPLOAD_LIMIT_MB * 1024 * 1024


def check_size(path: Path) -> None:
    """Refuse a file that is missing, empty, or larger than the site takes, before a byte of it is read.

    Raises
    ------
    NoSuchFile, EmptyFile, FileTooLarge
    """
    if not path.exists():
        raise faults.NoSuchFile(file=path.name)
    size = sum(member.stat().st_size for member in _files(path))
    if size == 0:
        raise faults.EmptyFile(file=path.name, size=0)
    if size > limit_bytes():
        raise faults.FileTooLarge(
            file=path.name, megabytes=size // 2**20, limit=settings.QUANYU_UPLOAD_LIMIT_MB
        )  # fmt: skip


def check_archive(path: Path) -> None:
    """Refuse a zip that would swell beyond the limit, or that holds links, paths outside it or secrets.

    Raises
    ------
    UnsafeArchive, UnreadableFile
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError) as error:
        raise faults.UnreadableFile(file=path.name, forms=FORMS) from error
    if len(members) > MOST_MEMBERS:
        raise faults.CrowdedArchive(file=path.name, count=len(members), most=MOST_MEMBERS)
    for member in members:
        _refuse_danger(path, member)
    total = sum(member.file_size for member in members)
    if total > limit_bytes():
        raise swelling(path, path.stem, total, path.stat().st_size)


def _refuse_danger(path: Path, member: zipfile.ZipInfo) -> None:
    parts = PurePosixPath(member.filename.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ":" in member.filename or stat.S_ISLNK(member.external_attr >> 16):
        raise faults.UnsafeArchive(file=path.name, member=member.filename)
    if member.flag_bits & 0x1:
        raise faults.LockedArchive(file=path.name, member=member.filename)
    packed = max(member.compress_size, 1)
    if member.file_size > SWELLING_FROM and member.file_size > MOST_SWELLING * packed:
        raise swelling(path, member.filename, member.file_size, packed)


def swelling(path: Path, member: str, size: int, packed: int) -> faults.SwellingArchive:
    """Return the fault of a member that would unpack to ``size`` bytes from ``packed``."""
    return faults.SwellingArchive(
        file=path.name, member=member, megabytes=size // 2**20, ratio=size // max(packed, 1),
        limit=settings.QUANYU_UPLOAD_LIMIT_MB, most=MOST_SWELLING,
    )  # fmt: skip


def sha256(path: Path) -> str:
    """Return the hash of a file, or of the names and contents of a folder's files.

    Raises
    ------
    NoSuchFile, EmptyFile, FileTooLarge
    """
    check_size(path)
    if path.is_file():
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    digest = hashlib.sha256()
    for member in _files(path):
        digest.update(member.name.encode())
        with member.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


@contextmanager
def opened(path: Path) -> Iterator[list[Path]]:
    """Yield the files of layers in what was handed in: the file itself, or those of a folder or a zip, unpacked.

    Raises
    ------
    UnreadableFile and its kinds
    """
    check_size(path)
    if path.suffix.lower() == ".zip":
        check_archive(path)
        with TemporaryDirectory() as folder:
            _unpack(path, Path(folder))
            yield _layer_files(path, Path(folder))
    elif path.is_dir():
        yield _layer_files(path, path)
    else:
        yield [path]


def _unpack(path: Path, folder: Path) -> None:
    """Unpack a checked zip; the declared sizes are held against what really comes out."""
    left = limit_bytes()
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if member.is_dir():
                    continue
                target = folder / PurePosixPath(member.filename.replace("\\", "/"))
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as source, target.open("wb") as sink:
                    while chunk := source.read(1 << 20):
                        left -= len(chunk)
                        if left < 0:
                            raise swelling(path, member.filename, limit_bytes() + 1, member.compress_size)
                        sink.write(chunk)
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError) as error:
        raise faults.UnreadableFile(file=path.name, forms=FORMS) from error


def _layer_files(path: Path, folder: Path) -> list[Path]:
    found = [each for each in _files(folder) if each.suffix.lower() in LAYER_ENDINGS]
    if not found:
        raise faults.UnreadableFile(file=path.name, forms=FORMS)
    return found


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(each for each in path.rglob("*") if each.is_file() and not each.is_symlink())
