"""Who may do what: one table of roles and permissions, and the one question that verbs ask."""

from __future__ import annotations

from quanyu.apps.accounts.models import Role, User
from quanyu.errors import NotPermitted

PERMISSIONS: dict[str, frozenset[Role]] = {
    "territory.load": frozenset({Role.PLANNER, Role.ADMINISTRATOR}),
    "grids.draw": frozenset({Role.PLANNER, Role.ADMINISTRATOR}),
    "grids.edit": frozenset({Role.PLANNER, Role.ADMINISTRATOR}),
    "grids.review": frozenset({Role.REVIEWER, Role.ADMINISTRATOR}),
    "grids.enforce": frozenset({Role.PLANNER, Role.ADMINISTRATOR}),
    "grids.export": frozenset({Role.PLANNER, Role.REVIEWER, Role.ADMINISTRATOR}),
    "grids.staff": frozenset({Role.PLANNER, Role.ADMINISTRATOR}),
    "accounts.manage": frozenset({Role.ADMINISTRATOR}),
    "audit.read": frozenset({Role.ADMINISTRATOR}),
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
        Names the permission and the roles that have it.
    """
    if not may(actor, permission):
        raise NotPermitted(permission=permission, roles=", ".join(sorted(PERMISSIONS[permission])))
