"""What the locating engine refuses."""

from __future__ import annotations

from quanyu.errors import InvalidInput


class NoLocator(InvalidInput):
    """The file holds no locator, or not the whole of it."""

    code = "no_locator"
    template = "%(file)s is no locator file that can be opened: %(reason)s. Build the locator again and save it there."


class OtherPolygons(InvalidInput):
    """The file was built from other polygons than those asked for."""

    code = "other_polygons"
    template = (
        "%(file)s was built from other polygons (key %(value)s, expected %(expected)s). Build the locator again from "
        "today's polygons."
    )
