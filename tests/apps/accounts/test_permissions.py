"""Roles give permissions; a permission is asked for, never a role."""

import pytest
from django.contrib.auth.models import Group
from django.utils.translation import override

from quanyu.apps.accounts.models import Role, User
from quanyu.apps.accounts.permissions import PERMISSIONS, may, require
from quanyu.errors import NotPermitted


def _user(role: Role | None, **fields: object) -> User:
    user = User.objects.create(username=f"user-{role}", **fields)
    if role:
        user.groups.add(Group.objects.get(name=role.value))
    return user


@pytest.mark.parametrize("permission", sorted(PERMISSIONS))
@pytest.mark.parametrize("role", list(Role))
def test_a_role_may_do_what_the_table_says(db: None, role: Role, permission: str) -> None:
    assert may(_user(role), permission) == (role in PERMISSIONS[permission])


def test_a_person_without_a_role_may_do_nothing(db: None) -> None:
    stranger = _user(None)
    assert not any(may(stranger, permission) for permission in PERMISSIONS)


def test_a_closed_account_may_do_nothing(db: None) -> None:
    gone = _user(Role.ADMINISTRATOR, is_active=False)
    assert not any(may(gone, permission) for permission in PERMISSIONS)


def test_a_refusal_names_the_roles_that_may(db: None) -> None:
    with override("en"), pytest.raises(NotPermitted, match="Only these roles may review a plan: Reviewer, Admin"):
        require(_user(Role.PLANNER), "grids.review")


@pytest.mark.parametrize("permission", sorted(PERMISSIONS))
def test_a_refusal_has_words_for_each_permission_in_both_languages(db: None, permission: str) -> None:
    said = set()
    for language in ("en", "zh-hans"):
        with override(language), pytest.raises(NotPermitted) as refused:
            require(User(), permission)
        said.add(refused.value.params["act"])
    assert len(said) == 2
    assert permission not in said
