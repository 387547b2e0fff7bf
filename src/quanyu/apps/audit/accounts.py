"""Make and change accounts, with a trail."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from quanyu.apps.accounts.models import Role, User
from quanyu.apps.accounts.permissions import require
from quanyu.apps.audit import trail
from quanyu.errors import InvalidInput


class BadAccount(InvalidInput):
    """The name of an account cannot be used, or the name shown is too long."""

    code = "bad_account"
    template = "The account cannot be taken so. %(detail)s"


class WeakPassword(InvalidInput):
    """The password is too easy to guess."""

    code = "weak_password"
    template = "The password cannot be taken. %(detail)s"


@transaction.atomic
def set_account(
    name: str, *, role: Role, display_name: str, password: str, actor: User | None, at: datetime
) -> User:  # fmt: skip
    """Create an account with a role, or give the account of that name another role, name and password.

    Raises
    ------
    BadAccount
        The name breaks a rule; the message says which.
    WeakPassword
        The password breaks a rule; the message says which.
    """
    require(actor, "accounts.manage")
    account = User.objects.select_for_update().filter(username=name).first()
    verb, before = ("user.changed", _state(account)) if account else ("user.created", None)
    account = account or User(username=name)
    account.display_name = display_name
    try:
        account.clean_fields(exclude=["password"])
    except ValidationError as error:
        raise BadAccount(detail=" ".join(error.messages)) from error
    try:
        validate_password(password, account)
    except ValidationError as error:
        raise WeakPassword(field="password", detail=" ".join(error.messages)) from error
    account.set_password(password)
    account.save()
    account.groups.set([Group.objects.get(name=role.value)])
    trail.record(actor, verb, account, at=at, before=before, after=_state(account))
    return account


def _state(account: User) -> dict[str, object]:
    """Return what the trail keeps of an account: never the password."""
    roles = sorted(account.groups.values_list("name", flat=True))
    return {"username": account.username, "display_name": account.display_name, "roles": roles}
