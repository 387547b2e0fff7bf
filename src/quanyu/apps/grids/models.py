"""Networks, plans, grids, memberships, planning runs, codes and who serves a grid."""

from __future__ import annotations

from datetime import date
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from quanyu.apps.accounts.models import User
from quanyu.apps.registers.models import Located, LocatedQuerySet
from quanyu.apps.territory.models import Division, Fabric, Place

REMARK_LENGTH = 1000


class Network(models.Model):
    """Whose grids these are: one department's before fusion, the one in force after."""

    territory = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="networks")
    code = models.SlugField(_("short code"), max_length=30, unique=True)
    name = models.CharField(_("name"), max_length=100)

    class Meta:
        ordering = ["id"]  # the network opened first is the one a page shows unasked

    def __str__(self) -> str:
        return self.name


class PlanQuerySet(models.QuerySet["Plan"]):
    def in_force(self, *, on: date) -> Self:
        """Keep the plans in force on ``on``: at most one for each network."""
        return self.filter(in_force_from__lte=on).filter(Q(in_force_to__isnull=True) | Q(in_force_to__gt=on))


class Plan(models.Model):
    """A version of a network's grids; immutable once in force.

    ``status`` is what people decided; what a plan is on a day, :meth:`standing`, follows from its days. A plan put in
    force from tomorrow is fixed today, and today's plan rules until then. Database triggers keep what is fixed, and
    keep the days of two plans of a network apart.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        REVIEWED = "reviewed", _("reviewed")
        IN_FORCE = "in_force", _("put in force")

    class Standing(models.TextChoices):
        DRAFT = "draft", _("draft")
        REVIEWED = "reviewed", _("reviewed")
        COMING = "coming", _("in force from a later day")
        IN_FORCE = "in_force", _("in force")
        SUPERSEDED = "superseded", _("superseded")

    # Each edge with its reason; nothing else moves a plan.
    TRANSITIONS: dict[str, dict[str, str]] = {
        Status.DRAFT: {Status.REVIEWED: "a second person has read it"},
        Status.REVIEWED: {
            Status.DRAFT: "an edit takes the review back, or it is sent back",
            Status.IN_FORCE: "it rules from a day on",
        },
        Status.IN_FORCE: {},
    }

    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="plans")
    number = models.PositiveIntegerField(_("version"))
    status = models.CharField(_("state"), max_length=10, choices=Status.choices, default=Status.DRAFT)
    norms = models.JSONField(_("norms"))
    metrics = models.JSONField(_("figures"), default=dict)
    fabric = models.ForeignKey(Fabric, on_delete=models.PROTECT, related_name="+")
    based_on = models.ForeignKey(
        "self", verbose_name=_("drawn against"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(_("made at"))
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reviewed_at = models.DateTimeField(_("reviewed at"), null=True, blank=True)
    # Why a reviewer sent it back, until it is to be read again. NULL and not "", since SQLite adds such a column
    # without making the table anew, which would lose the triggers.
    remark = models.CharField(_("what is to be changed"), max_length=REMARK_LENGTH, null=True, blank=True)  # noqa: DJ001
    in_force_from = models.DateField(_("in force from"), null=True, blank=True)
    in_force_to = models.DateField(_("in force until"), null=True, blank=True)

    objects = PlanQuerySet.as_manager()

    class Meta:
        ordering = ["network", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["network", "number"], name="plan_number_once"),
            models.UniqueConstraint(
                fields=["network"],
                condition=Q(in_force_from__isnull=False, in_force_to__isnull=True),
                name="plan_one_without_end_per_network",
            ),
            models.UniqueConstraint(fields=["network", "in_force_from"], name="plan_one_begins_a_day"),
            models.CheckConstraint(
                condition=Q(in_force_to__isnull=True) | Q(in_force_to__gt=F("in_force_from")),
                name="plan_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "reviewed"], in_force_from__isnull=True, in_force_to__isnull=True)
                | Q(status="in_force", in_force_from__isnull=False),
                name="plan_in_force_has_a_day",
            ),
            models.CheckConstraint(
                condition=Q(reviewed_by__isnull=True) | ~Q(reviewed_by=F("made_by")),
                name="plan_is_reviewed_by_another",
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(network)s, version %(number)s") % {"network": self.network, "number": self.number}

    @property
    def is_edited(self) -> bool:
        """Whether an edit by hand stands."""
        return self.edits.filter(undone_at__isnull=True).exists()

    def is_work_of(self, person: User) -> bool:
        """Tell whether a person drew it or made an edit that stands, and so does not review it."""
        return self.made_by_id == person.pk or self.edits.filter(made_by=person, undone_at__isnull=True).exists()

    @property
    def is_fixed(self) -> bool:
        """Tell whether nothing in it may change any more."""
        return self.in_force_from is not None

    def standing(self, *, on: date) -> Standing:
        """Return what the plan is on a day."""
        if self.in_force_from is None:
            return self.Standing(self.status)
        if on < self.in_force_from:
            return self.Standing.COMING
        ended = self.in_force_to is not None and self.in_force_to <= on
        return self.Standing.SUPERSEDED if ended else self.Standing.IN_FORCE


class GridQuerySet(LocatedQuerySet["Grid"]):
    def in_force(self, *, on: date) -> Self:
        """Keep the grids of plans in force on ``on``."""
        return self.filter(plan__in_force_from__lte=on).filter(
            Q(plan__in_force_to__isnull=True) | Q(plan__in_force_to__gt=on)
        )


class Grid(Located):
    """A service area of a plan: the union of its places' cells, with its figures and the rules it breaks.

    ``reasons`` lists each broken rule as ``{"rule", "by", "proven", "mends"}``, as the engine found it.
    """

    class Kind(models.TextChoices):
        BASIC = "basic", _("basic grid")
        EXCLUSIVE = "exclusive", _("exclusive grid")
        UNINHABITED = "uninhabited", _("uninhabited ground")

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="grids")
    code = models.CharField(_("code"), max_length=24)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    place_kind = models.CharField(_("exclusive for"), max_length=20, blank=True)
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(_("name"), max_length=100, blank=True)
    households = models.PositiveIntegerField(_("households"))
    people = models.PositiveIntegerField(_("people"), null=True)
    places = models.PositiveIntegerField(_("places"))
    area_m2 = models.FloatField(_("area (m²)"))
    perimeter_m = models.FloatField(_("outline (m)"))
    compactness = models.FloatField(_("compactness"))
    in_range = models.BooleanField(_("keeps the norm"))
    reasons = models.JSONField(_("reasons"), default=list)
    label_lon = models.FloatField()
    label_lat = models.FloatField()

    objects = GridQuerySet.as_manager()

    class Meta:
        ordering = ["plan", "code"]
        indexes = [models.Index(fields=["code"])]
        constraints = [models.UniqueConstraint(fields=["plan", "code"], name="grid_code_once_in_a_plan")]

    def __str__(self) -> str:
        return self.name or self.code


class Membership(models.Model):
    """A place, or one part of a divided building, in a grid.

    A building heavier than the norm is divided by entrances: ``part`` of ``parts``, each with its share of the
    households and its own piece of the cell.
    """

    grid = models.ForeignKey(Grid, on_delete=models.CASCADE, related_name="memberships")
    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="memberships")
    part = models.PositiveSmallIntegerField(_("part"), default=1)
    parts = models.PositiveSmallIntegerField(_("of parts"), default=1)
    households = models.PositiveIntegerField(_("households"))
    cell = models.BinaryField(null=True, editable=False)

    class Meta:
        ordering = ["grid", "place", "part"]
        constraints = [
            models.UniqueConstraint(fields=["grid", "place", "part"], name="membership_once"),
            models.CheckConstraint(condition=Q(part__gte=1, part__lte=F("parts")), name="membership_part_of_parts"),
        ]

    def __str__(self) -> str:
        return f"{self.place} {self.part}/{self.parts}"


class Edit(models.Model):
    """A hand edit of a plan: a place, or one part of it, moved from one grid to another; taken back, it stays listed.

    ``reasons_before`` holds the reasons of both grids before the move, by code, so that it can be taken back exactly.
    """

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="edits")
    number = models.PositiveIntegerField(_("number"))
    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="+")
    part = models.PositiveSmallIntegerField(_("part"), default=1)
    from_code = models.CharField(_("from grid"), max_length=24)
    to_code = models.CharField(_("to grid"), max_length=24)
    reasons_before = models.JSONField(default=dict)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(_("made at"))
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    undone_at = models.DateTimeField(_("taken back at"), null=True)

    class Meta:
        ordering = ["plan", "-number"]
        constraints = [models.UniqueConstraint(fields=["plan", "number"], name="edit_number_once")]

    def __str__(self) -> str:
        return f"{self.plan} #{self.number}: {self.place}, {self.from_code} → {self.to_code}"


# So many basic grids less and more are compared at once.
MOST_SIDES = 5


class Run(models.Model):
    """A planning run: frozen inputs and norms, its progress and its result.

    Its result is a plan or, of the other kinds, a ``comparison``: figures of the plans that other norms would give,
    ``{"ground", "points", "again"}``, and no plan. ``sides`` is how many grids less and more are compared.
    """

    class Kind(models.TextChoices):
        PLAN = "plan", _("a plan")
        COUNTS = "counts", _("comparison: one grid less or more")
        MOVES = "moves", _("comparison: fewer households moved")

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed, can be started again")
        CANCELLED = "cancelled", _("cancelled")

    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="runs")
    kind = models.CharField(_("what is asked for"), max_length=10, choices=Kind.choices, default=Kind.PLAN)
    sides = models.PositiveSmallIntegerField(_("grids less and more"), null=True, blank=True)
    norms = models.JSONField(_("norms"))
    inputs_hash = models.CharField(max_length=64, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.QUEUED)
    progress = models.FloatField(_("progress"), default=0)
    stage = models.CharField(_("stage"), max_length=30, blank=True)
    best = models.JSONField(_("best so far"), default=dict)
    cancel_asked = models.BooleanField(default=False)
    error = models.JSONField(_("error"), null=True)
    plan = models.OneToOneField(Plan, null=True, blank=True, on_delete=models.SET_NULL, related_name="run")
    comparison = models.JSONField(_("comparison"), null=True, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(_("asked at"))
    started_at = models.DateTimeField(_("started at"), null=True)
    seen_at = models.DateTimeField(_("last sign of life"), null=True)
    ended_at = models.DateTimeField(_("ended at"), null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="plan", comparison__isnull=True) | Q(~Q(kind="plan"), plan__isnull=True),
                name="run_has_a_plan_or_a_comparison",
            ),
            models.CheckConstraint(
                # NULL is named, since a check that is neither true nor false passes.
                condition=Q(kind="counts", sides__isnull=False, sides__gte=1, sides__lte=MOST_SIDES)
                | Q(~Q(kind="counts"), sides__isnull=True),
                name="run_has_sides_to_compare_counts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.network} #{self.pk}"

    @property
    def compared(self) -> str | None:
        """The norm that differs from point to point of a comparison."""
        return {self.Kind.COUNTS: "grids", self.Kind.MOVES: "stability"}.get(self.Kind(self.kind))


class CodeUse(models.Model):
    """A code that has been in force: it is never given to another extent."""

    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(_("code"), max_length=24)
    first_plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    last_plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["network", "code"], name="code_is_never_reused")]

    def __str__(self) -> str:
        return self.code


class Succession(models.Model):
    """Where the households of an old grid went when a plan took force."""

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="successions")
    from_code = models.CharField(max_length=24)
    to_code = models.CharField(max_length=24)
    households = models.PositiveIntegerField(_("households"))
    places = models.PositiveIntegerField(_("places"))

    class Meta:
        ordering = ["plan", "from_code", "-households"]
        indexes = [models.Index(fields=["from_code"])]
        constraints = [models.UniqueConstraint(fields=["plan", "from_code", "to_code"], name="succession_once")]

    def __str__(self) -> str:
        return f"{self.from_code} → {self.to_code}"


class Staffing(models.Model):
    """Who serves a grid code: shown on the public grid notice. It goes with the code from plan to plan."""

    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="staffing")
    code = models.CharField(_("grid code"), max_length=24)
    worker_name = models.CharField(_("grid worker"), max_length=60, blank=True)
    duty_phone = models.CharField(_("duty phone"), max_length=30, blank=True)
    complaint_phone = models.CharField(_("complaint phone"), max_length=30, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["network", "code"], name="staffing_once_per_code")]

    def __str__(self) -> str:
        return f"{self.code} {self.worker_name}"


class Acceptance(models.Model):
    """A community's word that a plan's grids take the place of its departments' own, from the day the plan rules."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="acceptances")
    community = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="+")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(_("accepted at"))

    class Meta:
        ordering = ["plan", "community"]
        constraints = [models.UniqueConstraint(fields=["plan", "community"], name="community_accepts_once")]

    def __str__(self) -> str:
        return f"{self.community}: {self.plan}"
