"""What every register's records share: provenance, place, lifetime; and the record of each load of a file."""

from __future__ import annotations

from datetime import date
from typing import Any, Self, TypeVar

import shapely
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from shapely.geometry.base import BaseGeometry

ModelT = TypeVar("ModelT", bound=models.Model, covariant=True)


class Source(models.Model):
    """Where facts come from, with the licence under which they are shown."""

    name = models.CharField(_("source"), max_length=200, unique=True)
    attribution = models.CharField(_("line to show"), max_length=300)
    licence = models.CharField(_("licence"), max_length=100, blank=True)
    is_made_up = models.BooleanField(_("made up"), default=False)

    def __str__(self) -> str:
        return self.name


class Load(models.Model):
    """One file taken in as a whole: what it was, what it changed, what was found in it."""

    # Not stored: a verb that was given the same file once more returns the load of the first time with this mark.
    is_repeat = False

    class Status(models.TextChoices):
        CHECKED = "checked", _("checked, not yet confirmed")
        APPLIED = "applied", _("applied")
        REFUSED = "refused", _("refused")

    kind = models.CharField(_("kind"), max_length=30)
    target = models.CharField(_("target"), max_length=60, blank=True)
    file_name = models.CharField(_("file"), max_length=255)
    sha256 = models.CharField(max_length=64)
    options = models.JSONField(_("options"), default=dict)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices)
    counts = models.JSONField(_("counts"), default=dict)
    findings = models.JSONField(_("findings"), default=list)
    source = models.ForeignKey(Source, null=True, on_delete=models.PROTECT, related_name="loads")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(_("at"))

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["kind", "target", "sha256"])]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.get_status_display()})"


class LocatedQuerySet(models.QuerySet[ModelT]):
    """Questions by place."""

    def in_box(self, west: float, south: float, east: float, north: float) -> Self:
        """Keep the rows whose bounding box meets the box (degrees, WGS 84)."""
        return self.filter(west__lte=east, east__gte=west, south__lte=north, north__gte=south)


class Located(models.Model):
    """A record with a geometry: WKB in WGS 84 longitude and latitude, and its bounding box for the index."""

    wkb = models.BinaryField(_("geometry"), null=True, editable=False)
    west = models.FloatField(null=True, editable=False)
    south = models.FloatField(null=True, editable=False)
    east = models.FloatField(null=True, editable=False)
    north = models.FloatField(null=True, editable=False)

    class Meta:
        abstract = True

    @property
    def geometry(self) -> BaseGeometry | None:
        """The shape, decoded from the stored bytes."""
        return None if self.wkb is None else shapely.from_wkb(bytes(self.wkb))

    @geometry.setter
    def geometry(self, shape: BaseGeometry | None) -> None:
        for field, value in located_fields(shape).items():
            setattr(self, field, value)


def located_fields(shape: BaseGeometry | None) -> dict[str, Any]:
    """Return the stored form of a geometry as field values, for bulk inserts."""
    if shape is None or shape.is_empty:
        return dict.fromkeys(("wkb", "west", "south", "east", "north"))
    west, south, east, north = shape.bounds
    return {"wkb": shapely.to_wkb(shape), "west": west, "south": south, "east": east, "north": north}


class DatedQuerySet(LocatedQuerySet[ModelT]):
    """Questions by day, of records that have a place."""

    def on(self, day: date) -> Self:
        """Keep the rows that are valid on ``day``; the day of ``valid_to`` is the first one that is not."""
        return self.filter(Q(valid_from__isnull=True) | Q(valid_from__lte=day)).filter(
            Q(valid_to__isnull=True) | Q(valid_to__gt=day)
        )


class Dated(models.Model):
    """A record with a lifetime: from the day ``valid_from`` until the day before ``valid_to``."""

    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_to = models.DateField(_("valid until"), null=True, blank=True)

    class Meta:
        abstract = True
