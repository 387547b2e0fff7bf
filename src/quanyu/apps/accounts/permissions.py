"""Who may do what: one table of roles and permissions, and the one question that verbs ask."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from quanyu.apps.accounts.models import Role, User
from quanyu.errors import NotPermitted

PERMISSIONS: dict[str, frozenset[Role]] = {
    "territory.load": frozenset({Role.PLANNER, Role.ADMINISTRATOR}),
    "grids.draw": frozenset({Role.PLANNER, Role.ADMINISTRATOR}),
    "grids.edit": frozenset({Role.PLANNER, Role.ADMINISTRATOR}),
    "grids.review": frozenset({Role.REVIEWER, Role.ADMINISTRATOR}),
    "grids.enforce": frozenset({Role.PLANNER, Role.ADMINISTRATOR}),
    "grids.accept": frozenset({Role.PLANNER, Role.REVIEWER, Role.ADMINISTRATOR}),
    "grids.export": frozenset({Role.PLANNER, Role.REVIEWER, Role.ADMINISTRATOR}),
    "grids.staff": frozenset({Role.PLANNER, Role.ADMINISTRATOR}),
    "accounts.manage": frozenset({Role.ADMINISTRATOR}),
    "audit.read": frozenset({Role.ADMINISTRATOR}),
}
# What each permission is for, as a refusal says it.
ACTS = {
    "territory.load": _("load files of a territory"),
    "grids.draw": _("draw grids"),
    "grids.edit": _("change a plan by hand"),
    "grids.review": _("review a plan"),
    "grids.enforce": _("put a plan in force"),
    "grids.accept": _("accept merged grids for a community"),
    "grids.export": _("export a plan"),
    "grids.staff": _("state who serves a grid"),
    "accounts.manage": _("manage accounts"),
    "audit.read": _("read the audit trail"),
}


def may(actor: User | None, permission: str) -> bool:
    """Tell whether ``actor`` holds a role that grants ``permission``; ``None`` is the operator at the shell."""
    roles = PERMISSIONS[permission]
    if actor is None:
        return True
    if not actor.is_active or not actor.pk:
        return False
    held = set(actor.groups.values_list("name", flat=True))
    return any(role.value in held for role in roles)


def require(actor: User | None, permission: str) -> None:
    """Refuse what ``actor`` may not do.

    Raises
    ------
    NotPermitted
        Names the act and the roles that may do it.
    """
    if not may(actor, permission):
        roles = [str(role.label) for role in Role if role in PERMISSIONS[permission]]
        raise NotPermitted(act=str(ACTS[permission]), roles=", ".join(roles))
