"""What can be wrong with a file, each with the place of the fault and what would mend it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from quanyu.errors import Conflict, InvalidInput, QuanyuError

SHOWN = 100


class FaultyFile(InvalidInput):
    """A file with faults in its rows: all of them were looked for, the first hundred are told in full."""

    code = "faulty_file"
    template = "%(file)s has %(count)s faults, so nothing was loaded.\n%(listing)s"

    def __init__(self, file: str, faults: Sequence[QuanyuError]) -> None:
        self.faults = list(faults[:SHOWN])
        listing = "\n".join(str(fault) for fault in self.faults)
        super().__init__(file=file, count=len(faults), shown=len(self.faults), listing=listing)

    def as_dict(self) -> dict[str, Any]:
        return {**super().as_dict(), "faults": [fault.as_dict() for fault in self.faults]}


def refuse(file: str, faults: Sequence[QuanyuError]) -> None:
    """Raise what was found: one fault as itself, several together, none not at all."""
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise FaultyFile(file, faults)


# The file as a whole


class UnreadableFile(InvalidInput):
    """The file cannot be opened."""

    code = "unreadable_file"
    template = (
        "%(file)s is no file of a form taken here, or it was cut off on the way. Taken are: %(forms)s. "
        "Export or copy it again."
    )


class NoSuchFile(UnreadableFile):
    """There is nothing at the path."""

    code = "no_such_file"
    template = "%(file)s does not exist. Check the path."


class EmptyFile(UnreadableFile):
    """The file has no content."""

    code = "empty_file"
    template = "%(file)s is empty (%(size)s bytes). Export it again."


class FileTooLarge(UnreadableFile):
    """The file is larger than the site takes."""

    code = "file_too_large"
    template = (
        "%(file)s has %(megabytes)s MB, more than the %(limit)s MB taken here. Cut it to one district, "
        "or have the operator raise QUANYU_UPLOAD_LIMIT_MB."
    )


class UnsafeArchive(UnreadableFile):
    """A zip that is not unpacked: it would swell, or reaches outside itself."""

    code = "unsafe_archive"
    template = (
        "%(file)s is not unpacked: %(member)s points outside the archive or is a link. Zip the files of the layers "
        "themselves, and nothing else."
    )


class SwellingArchive(UnsafeArchive):
    """A packed file that would unpack beyond the limit."""

    code = "swelling_archive"
    template = (
        "%(file)s is not unpacked: %(member)s would unpack to %(megabytes)s MB, %(ratio)s times its size; taken are up "
        "to %(limit)s MB and %(most)s times. Hand in the file unpacked, or cut it to one district."
    )


class CrowdedArchive(UnsafeArchive):
    """A zip of more members than any set of layers has."""

    code = "crowded_archive"
    template = (
        "%(file)s is not unpacked: it has %(count)s members, more than %(most)s. Zip only the files of the layers."
    )


class LockedArchive(UnsafeArchive):
    """A zip with a password."""

    code = "locked_archive"
    template = "%(file)s is not unpacked: %(member)s is encrypted. Zip it without a password."


class BrokenLayer(UnreadableFile):
    """A layer of the file breaks off."""

    code = "broken_layer"
    template = "%(file)s, layer %(layer)s breaks off before its end. Export or copy the file again."


class NoRows(InvalidInput):
    """A table or layer has no rows."""

    code = "no_rows"
    template = "%(file)s, %(layer)s has no rows. Export it with its content."


class MissingLayer(InvalidInput):
    """A layer that the form asks for is not there."""

    code = "missing_layer"
    template = (
        "%(file)s has no layer %(layer)s. It has: %(known)s. Name the layer that holds it (--map %(layer)s=NAME)."
    )


class MissingColumn(InvalidInput):
    """A column that the form asks for is not there."""

    code = "missing_column"
    template = (
        "%(file)s, %(layer)s has no column %(column)s. It has: %(known)s. "
        "Name the column by one of %(names)s, or map it."
    )


class StatedSystemDiffers(InvalidInput):
    """The file declares one coordinate system, the user states another."""

    code = "stated_system_differs"
    template = (
        "%(file)s, layer %(layer)s declares %(declared)s, but %(value)s was stated. State %(declared)s, or mend the "
        "file."
    )


class BadMapping(InvalidInput):
    """A mapping names what the form does not know."""

    code = "bad_mapping"
    template = "%(value)s is no mapping. Write LAYER=NAME or LAYER.COLUMN=NAME; known are: %(known)s."


class IncompleteOptions(InvalidInput):
    """A load lacks what must be stated."""

    code = "incomplete_options"
    template = "%(field)s is not stated. %(mend)s"


class LongStatement(InvalidInput):
    """What is stated of a file has more text than is kept."""

    code = "long_statement"
    template = "%(field)s has %(length)s signs, more than the %(most)s taken. Shorten it."


# A cell, a row, a shape


class NotANumber(InvalidInput):
    """A cell of a number column holds text or a fraction."""

    code = "not_a_number"
    template = (
        "%(file)s, %(layer)s, row %(row)s, column %(column)s: %(value)s is no whole number. "
        "Write digits alone, such as %(suggestion)s."
    )


class NotAMeasure(InvalidInput):
    """A cell of a measured column holds text."""

    code = "not_a_measure"
    template = (
        "%(file)s, %(layer)s, row %(row)s, column %(column)s: %(value)s is no number. "
        "Write digits alone, such as %(suggestion)s."
    )


class NumberTooLarge(InvalidInput):
    """A number is beyond anything a district has."""

    code = "number_too_large"
    template = (
        "%(file)s, %(layer)s, row %(row)s, column %(column)s: %(value)s is more than %(most)s. "
        "Check the cell, and that it is the right column."
    )


class NegativeNumber(InvalidInput):
    """A number is below nought."""

    code = "negative_number"
    template = "%(file)s, %(layer)s, row %(row)s, column %(column)s: %(value)s is below 0. Give 0 or more."


class EmptyCell(InvalidInput):
    """A cell that must be filled is empty."""

    code = "empty_cell"
    template = "%(file)s, %(layer)s, row %(row)s: column %(column)s is empty. Fill it in, or drop the row."


class LongCell(InvalidInput):
    """A cell holds more text than its column takes."""

    code = "long_cell"
    template = (
        "%(file)s, %(layer)s, row %(row)s: column %(column)s has %(length)s signs, more than the %(most)s taken: "
        "%(value)s … Shorten it."
    )


class BadCoordinates(InvalidInput):
    """A coordinate is NaN or infinite."""

    code = "bad_coordinates"
    template = (
        "%(file)s, layer %(layer)s, row %(row)s: a coordinate is not a number (%(count)s such rows). "
        "Correct it, or drop the row."
    )


class NoGeometry(BadCoordinates):
    """A row has no shape."""

    code = "no_geometry"
    template = "%(file)s, layer %(layer)s, row %(row)s has no geometry (%(count)s such rows). Draw it, or drop the row."


class OffTheEarth(BadCoordinates):
    """In the stated system a shape lies nowhere."""

    code = "off_the_earth"
    template = (
        "%(file)s, layer %(layer)s, row %(row)s lies off the earth when read as %(value)s (%(count)s such rows). State "
        "the coordinate system it was made in."
    )


class WrongGeometry(InvalidInput):
    """A layer holds another kind of shape than it must."""

    code = "wrong_geometry"
    template = (
        "%(file)s, layer %(layer)s, row %(row)s is a %(value)s, expected a %(expected)s (%(count)s such rows). "
        "Name the layer that holds them, or drop these rows."
    )


class OutsideDivisions(InvalidInput):
    """Buildings lie in none of the divisions."""

    code = "outside_divisions"
    template = (
        "%(file)s, layer %(layer)s: %(count)s of %(total)s buildings lie outside every division of %(territory)s; "
        "the first are rows %(rows)s, row %(row)s at %(lon)s, %(lat)s. Check the coordinate system (stated: "
        "%(system)s) and the borders, or leave them out (--leave-out)."
    )


class RepeatedKey(InvalidInput):
    """Two rows claim the same key."""

    code = "repeated_key"
    template = (
        "%(file)s, %(layer)s, row %(row)s: %(column)s %(value)s stands in row %(first)s already. Drop one of the rows, "
        "or give each its own."
    )


# Divisions


class WrongCodeLength(InvalidInput):
    """A division code has another length than 12."""

    code = "wrong_code_length"
    template = (
        "%(file)s, row %(row)s, column %(column)s: %(value)s has %(length)s signs, expected 12 digits. Fill a shorter "
        "code up with zeros; in a spreadsheet, make the column text first."
    )


class NoDivisionCode(InvalidInput):
    """Twelve signs that are no code."""

    code = "no_division_code"
    template = (
        "%(file)s, row %(row)s, column %(column)s: %(value)s is no division code. Write 12 digits that begin with the "
        "two of a province."
    )


class UnknownLevel(InvalidInput):
    """A level is none of the five."""

    code = "unknown_level"
    template = "%(file)s, row %(row)s, column %(column)s: %(value)s is none of %(known)s. Write one of them."


class LevelDisagrees(InvalidInput):
    """A code says another level than its row."""

    code = "level_disagrees"
    template = (
        "%(file)s, row %(row)s: %(code)s is a %(expected)s by its zeros, but column %(column)s says %(value)s. Correct "
        "the code or the level."
    )


class MissingParent(InvalidInput):
    """The parent of a division is neither in the file nor known."""

    code = "missing_parent"
    template = (
        "%(file)s, row %(row)s: the parent %(value)s of %(code)s is neither in the file nor loaded. Add its row, or "
        "load the list that has it first."
    )


class WrongParent(InvalidInput):
    """The parent is of another level than the one above, or not the one the code says."""

    code = "wrong_parent"
    template = (
        "%(file)s, row %(row)s: %(code)s is a %(level)s, and its parent %(value)s is a %(parent_level)s. Its code says "
        "%(expected)s: correct column %(column)s."
    )


class RepeatedCode(InvalidInput):
    """A code stands in two rows."""

    code = "repeated_code"
    template = "%(file)s, row %(row)s: code %(value)s stands in row %(first)s already. Drop one of the two."


class UnknownDivision(InvalidInput):
    """A row names a division that is not loaded."""

    code = "unknown_division"
    template = (
        "%(file)s, %(layer)s, row %(row)s, column %(column)s: %(territory)s has no division %(value)s. "
        "Write its 12-digit code, or load the division first."
    )


class AmbiguousName(InvalidInput):
    """A name occurs in several divisions."""

    code = "ambiguous_name"
    template = (
        "%(file)s, %(layer)s, row %(row)s, column %(column)s: the name %(value)s occurs %(count)s times: %(known)s. "
        "Write the code instead."
    )


class UnknownPlace(InvalidInput):
    """A row names a building that is not loaded."""

    code = "unknown_place"
    template = (
        "%(file)s, %(layer)s, row %(row)s, column %(column)s: %(territory)s has no building with the key %(value)s. "
        "Write the key of the city file."
    )


class EditionTooEarly(Conflict):
    """An edition would end what began on the same day or later."""

    code = "edition_too_early"
    template = (
        "%(file)s is stated as of %(day)s, but %(value)s, which it ends, began on %(began)s. "
        "State a later day (--as-of)."
    )


class NoHomes(Conflict):
    """Households are to be spread where no building can hold them."""

    code = "no_homes"
    template = (
        "%(division)s has %(households)s households but no residential building. Check the kinds of its buildings, "
        "or give its total to a division that has some."
    )
