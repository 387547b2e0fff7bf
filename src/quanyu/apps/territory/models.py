"""Divisions, places with household counts, barriers, the map's backdrop, and the fabric that grids are cut from."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from quanyu.apps.registers.models import Dated, DatedQuerySet, Load, Located, LocatedQuerySet, Source
from quanyu.values.division_codes import DivisionCode

# The longest name of a division.
NAME_LENGTH = 100


class Level(models.TextChoices):
    PROVINCE = "province", _("province")
    PREFECTURE = "prefecture", _("prefecture")
    COUNTY = "county", _("county")
    TOWN = "town", _("town")
    VILLAGE = "village", _("village")


class CodeSystem(models.TextChoices):
    """The official systems disagree for some towns, so a code is only known with its system."""

    NBS = "nbs", _("statistics (NBS)")
    MCA = "mca", _("civil affairs (MCA)")
    LOCAL = "local", _("a list of your own")


class DivisionQuerySet(DatedQuerySet["Division"]):
    def within(self, division: Division) -> Self:
        """Keep ``division`` and everything below it."""
        return self.filter(system=division.system, code__startswith=division.prefix)

    def with_fabric(self) -> Self:
        """Keep the territories whose buildings are loaded, so that grids can be drawn of them."""
        return self.filter(pk__in=Fabric.objects.values("territory"))

    def with_code(self, code: str, system: str) -> Self:
        """Keep the divisions that ``system`` calls ``code``: the same digits name different towns in two systems."""
        return self.filter(Q(system=system, code=code) | Q(aliases__system=system, aliases__code=code)).distinct()


class Division(Located, Dated):
    """An administrative division with its official code, lifetime and, where known, boundary."""

    system = models.CharField(_("code system"), max_length=5, choices=CodeSystem.choices, default=CodeSystem.NBS)
    code = models.CharField(_("code"), max_length=12)
    name = models.CharField(_("name"), max_length=NAME_LENGTH)
    level = models.CharField(_("level"), max_length=10, choices=Level.choices)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    unit_type = models.CharField(_("type"), max_length=30, blank=True)
    urban_rural = models.CharField(_("urban–rural class"), max_length=3, blank=True)
    replaced_by = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="replaces")
    is_made_up = models.BooleanField(_("made up"), default=False)
    load = models.ForeignKey(Load, null=True, on_delete=models.PROTECT, related_name="+")

    objects = DivisionQuerySet.as_manager()

    class Meta:
        ordering = ["system", "code"]
        indexes = [models.Index(fields=["system", "code"]), models.Index(fields=["name"])]
        constraints = [
            models.UniqueConstraint(
                fields=["system", "code"], condition=Q(valid_to__isnull=True), name="division_code_once_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_from__isnull=True) | Q(valid_to__gt=F("valid_from")),
                name="division_ends_after_it_begins",
            ),
            models.CheckConstraint(condition=Q(code__regex=r"^[0-9]{12}$"), name="division_code_has_12_digits"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def full_name(self) -> str:
        """The name as an address has it, with the county and the town where they are known."""
        names, each = [self.name], self.parent
        while each is not None and each.level in (Level.COUNTY, Level.TOWN):
            names.insert(0, each.name)
            each = each.parent
        return " ".join(names)

    @property
    def prefix(self) -> str:
        """The digits shared by every code below this one."""
        return DivisionCode(self.code).prefix


class CodeAlias(models.Model):
    """The code that another official system gives a division; the division keeps its own."""

    division = models.ForeignKey(Division, on_delete=models.CASCADE, related_name="aliases")
    system = models.CharField(_("code system"), max_length=5, choices=CodeSystem.choices)
    code = models.CharField(_("code"), max_length=12)
    load = models.ForeignKey(Load, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["system", "code"]
        constraints = [
            models.UniqueConstraint(fields=["division", "system"], name="code_alias_once_per_system"),
            models.UniqueConstraint(fields=["system", "code"], name="code_alias_names_one_division"),
            models.CheckConstraint(condition=Q(code__regex=r"^[0-9]{12}$"), name="code_alias_has_12_digits"),
        ]

    def __str__(self) -> str:
        return f"{self.system} {self.code}"


class PlaceKind(models.TextChoices):
    """What a place is; the norm names the kinds that get an exclusive grid."""

    RESIDENTIAL = "residential", _("residential building")
    OFFICE = "office", _("office building")
    INDUSTRIAL = "industrial", _("industrial park")
    MARKET = "market", _("market")
    SCENIC = "scenic", _("scenic area")
    SCHOOL = "school", _("school")
    HOSPITAL = "hospital", _("hospital")
    PUBLIC = "public", _("public building")
    FARM = "farm", _("farm building")
    ACCESSORY = "accessory", _("outbuilding")
    OTHER = "other", _("other building")


class CountMethod(models.TextChoices):
    """How a place came by its household count."""

    NONE = "none", _("no households")
    FILE = "file", _("counted, from a file")
    PEOPLE = "people", _("estimate: people ÷ household size")
    FLATS = "flats", _("estimate: official total spread by flats")
    FLOOR_AREA = "floor_area", _("estimate: official total spread by floor area")


class KindRule(models.Model):
    """One line of the table that gives a building its kind: where ``column`` holds ``value``, it is ``kind``.

    Lines are tried by ``rank``; the first that fits decides. ``value`` ``*`` fits any value but an empty one.
    """

    rank = models.PositiveIntegerField(_("order"))
    column = models.CharField(_("column"), max_length=60)
    value = models.CharField(_("value"), max_length=100)
    kind = models.CharField(_("kind"), max_length=20, choices=PlaceKind.choices)

    class Meta:
        ordering = ["rank", "id"]
        constraints = [models.UniqueConstraint(fields=["column", "value"], name="kind_rule_once_per_value")]

    def __str__(self) -> str:
        return f"{self.column} = {self.value} → {self.kind}"


class PlaceQuerySet(DatedQuerySet["Place"]):
    def inhabited(self) -> Self:
        """Keep the places with at least one household."""
        return self.filter(households__gt=0)


class Place(Located, Dated):
    """What a grid is made of: a building or site with a footprint, a cell, and households as a count."""

    territory = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="places")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(_("key in the source"), max_length=60)
    name = models.CharField(_("name"), max_length=100, blank=True)
    kind = models.CharField(_("kind"), max_length=20, choices=PlaceKind.choices)
    tags = models.JSONField(_("tags in the source"), default=dict)
    levels = models.PositiveSmallIntegerField(_("storeys"), null=True)
    flats = models.PositiveIntegerField(_("flats"), null=True)
    footprint_m2 = models.FloatField(_("footprint (m²)"))
    floor_area_m2 = models.FloatField(_("floor area (m²)"), null=True)
    households = models.PositiveIntegerField(_("households"), default=0)
    people = models.PositiveIntegerField(_("people"), null=True)
    count_method = models.CharField(
        _("how counted"), max_length=10, choices=CountMethod.choices, default=CountMethod.NONE
    )
    cell = models.BinaryField(_("cell"), null=True, editable=False)
    is_made_up = models.BooleanField(_("made up"), default=False)
    load = models.ForeignKey(Load, null=True, on_delete=models.PROTECT, related_name="+")

    objects = PlaceQuerySet.as_manager()

    class Meta:
        ordering = ["territory", "key"]
        indexes = [
            models.Index(fields=["territory", "west", "east"], name="place_territory_box"),
            models.Index(fields=["name"], name="place_name"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["territory", "key"], condition=Q(valid_to__isnull=True), name="place_key_once_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.key

    @property
    def is_estimate(self) -> bool:
        return self.count_method not in (CountMethod.NONE, CountMethod.FILE)


class BarrierQuerySet(LocatedQuerySet["Barrier"]):
    pass


class Barrier(Located):
    """A line that no basic grid crosses."""

    class Kind(models.TextChoices):
        WATERWAY = "waterway", _("river")
        BROOK = "brook", _("brook or ditch")
        RAILWAY = "railway", _("railway")
        MOTORWAY = "motorway", _("expressway")
        MAIN_ROAD = "main_road", _("main road")
        OTHER = "barrier", _("other barrier")

    territory = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="barriers")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=100, blank=True)
    tags = models.JSONField(_("tags in the source"), default=dict)
    load = models.ForeignKey(Load, null=True, on_delete=models.PROTECT, related_name="+")

    objects = BarrierQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["territory", "west", "east"], name="barrier_territory_box")]

    def __str__(self) -> str:
        return self.name or self.get_kind_display()


class BackdropQuerySet(LocatedQuerySet["Backdrop"]):
    pass


class Backdrop(Located):
    """A feature that makes the map legible: road, water, land use, point of interest."""

    class Layer(models.TextChoices):
        ROADS = "roads", _("roads")
        WATER = "water", _("water")
        LANDUSE = "landuse", _("land use")
        POIS = "pois", _("points of interest")

    territory = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="backdrop")
    layer = models.CharField(_("layer"), max_length=10, choices=Layer.choices)
    kind = models.CharField(_("kind"), max_length=40, blank=True)
    name = models.CharField(_("name"), max_length=100, blank=True)
    tags = models.JSONField(_("tags in the source"), default=dict)
    load = models.ForeignKey(Load, null=True, on_delete=models.PROTECT, related_name="+")

    objects = BackdropQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["territory", "layer", "west", "east"], name="backdrop_layer_box")]

    def __str__(self) -> str:
        return self.name or f"{self.layer} {self.kind}"


class HouseholdTotal(models.Model):
    """An official count of households of a division, which the estimates of its places add up to exactly."""

    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="household_totals")
    as_of = models.DateField(_("as of"))
    households = models.PositiveIntegerField(_("households"))
    people = models.PositiveIntegerField(_("people"), null=True)
    is_assumed = models.BooleanField(_("assumed"), default=False)
    note = models.CharField(_("note"), max_length=300, blank=True)
    load = models.ForeignKey(Load, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["division", "-as_of"]
        constraints = [models.UniqueConstraint(fields=["division", "as_of"], name="household_total_once_a_day")]

    def __str__(self) -> str:
        return f"{self.division}: {self.households}"


class Fabric(models.Model):
    """The tessellation of a territory: which place neighbours which, over what border, across which barrier.

    Made once after a load, so that a redraw needs none. ``arrays`` is a compressed npz, read and written by
    :mod:`quanyu.apps.territory.fabric`.
    """

    territory = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="fabrics")
    inputs_hash = models.CharField(max_length=64)
    projection = models.CharField(_("metric projection"), max_length=60)
    places = models.PositiveIntegerField(_("places"))
    arrays = models.BinaryField(editable=False)
    findings = models.JSONField(_("findings"), default=list)
    seconds = models.FloatField(_("seconds"))
    made_at = models.DateTimeField(_("made at"))

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.territory} {self.made_at:%Y-%m-%d}"


# Kept beside, since nothing else here knows of them; Django looks for models in this module.
from quanyu.apps.territory.departments import DepartmentGrid, DepartmentNetwork, ServiceItem  # noqa: E402

__all__ = [
    "Backdrop",
    "Barrier",
    "CodeAlias",
    "CodeSystem",
    "CountMethod",
    "DepartmentGrid",
    "DepartmentNetwork",
    "Division",
    "Fabric",
    "HouseholdTotal",
    "KindRule",
    "Level",
    "Place",
    "PlaceKind",
    "ServiceItem",
    "Source",
]
