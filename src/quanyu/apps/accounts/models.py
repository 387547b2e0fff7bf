"""Users and their roles. A role is a group whose permissions are set here, so that code asks for permissions only."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a person does in Quanyu; the values are names of groups."""

    PLANNER = "planner", _("Planner")
    REVIEWER = "reviewer", _("Reviewer")
    ADMINISTRATOR = "administrator", _("Administrator")


class User(AbstractUser):
    """A person who signs in: a name and an office. No tracks, points or ranks."""

    # When somebody signed in last is not kept: signing in writes nothing into the database.
    last_login = None
    display_name = models.CharField(_("name"), max_length=60, blank=True)

    def __str__(self) -> str:
        return self.display_name or self.username
