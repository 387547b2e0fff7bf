"""Departments' own grids of a territory, as their files have them, and the items that each serves."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from quanyu.apps.registers.models import Load, Located

CODE_LENGTH, NAME_LENGTH, ITEM_LENGTH = 60, 100, 200


class DepartmentNetwork(models.Model):
    """The grids that one department drew for a territory, before fusion."""

    territory = models.ForeignKey("territory.Division", on_delete=models.PROTECT, related_name="department_networks")
    code = models.SlugField(_("short code"), max_length=30)
    name = models.CharField(_("name"), max_length=NAME_LENGTH)
    load = models.ForeignKey(Load, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["territory", "code"]
        constraints = [models.UniqueConstraint(fields=["territory", "code"], name="department_network_once")]

    def __str__(self) -> str:
        return self.name


class DepartmentGrid(Located):
    """A grid of a department's network, under the code that its file gives it."""

    network = models.ForeignKey(DepartmentNetwork, on_delete=models.CASCADE, related_name="grids")
    code = models.CharField(_("code"), max_length=CODE_LENGTH)
    name = models.CharField(_("name"), max_length=NAME_LENGTH, blank=True)

    class Meta:
        ordering = ["network", "pk"]
        constraints = [models.UniqueConstraint(fields=["network", "code"], name="department_grid_once")]

    def __str__(self) -> str:
        return self.name or self.code


class ServiceItem(models.Model):
    """What a grid serves, and the departments that say it is theirs; ``departments`` is a list of names."""

    territory = models.ForeignKey("territory.Division", on_delete=models.PROTECT, related_name="service_items")
    code = models.CharField(_("code"), max_length=CODE_LENGTH)
    name = models.CharField(_("name"), max_length=ITEM_LENGTH)
    departments = models.JSONField(_("departments"), default=list)
    load = models.ForeignKey(Load, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["territory", "code"]
        constraints = [models.UniqueConstraint(fields=["territory", "code"], name="service_item_once")]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"
