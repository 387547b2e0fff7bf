"""The table of kinds: the first line that fits decides; a changed table is applied on request."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.factories import make_riverside, make_user

from quanyu.apps.audit.models import Entry
from quanyu.apps.territory.kinds import Line, apply_rules, kind_changes, kinds_by_rules, replace_rules
from quanyu.apps.territory.models import KindRule, Place
from quanyu.errors import NotPermitted

AT = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"kind": "residential", "landuse": "industrial"}, "residential"),
        ({"kind": "unspecified", "landuse": "residential"}, "residential"),
        ({"kind": "unspecified", "landuse": "industrial"}, "industrial"),
        ({"kind": "accessory", "landuse": "residential"}, "accessory"),
        ({"kind": "non_residential", "landuse": "residential"}, "other"),
        ({"kind": "unspecified"}, "other"),
        ({"kind": "public", "use": "school"}, "school"),
        ({"kind": "住宅"}, "residential"),
        ({"kind": "商业"}, "office"),
        ({"kind": "commercial"}, "office"),
        ({"kind": "商业", "landuse": "retail"}, "market"),
        ({"kind": "commercial", "landuse": "retail"}, "market"),
        ({"kind": "apartments"}, "residential"),
        ({}, "other"),
    ],
)
def test_the_table_that_comes_with_the_product(tags: dict[str, str], kind: str) -> None:
    assert kinds_by_rules([tags], KindRule.objects.all()) == [kind]


def test_an_earlier_line_wins_and_a_star_fits_any_value() -> None:
    lines = [Line("use", "school", "school"), Line("use", "*", "public"), Line("kind", "a", "office")]
    rules = replace_rules(lines, actor=None, at=AT)
    tags = [{"use": "school", "kind": "a"}, {"use": "x", "kind": "a"}, {"kind": "a"}, {"use": ""}]
    assert kinds_by_rules(tags, rules) == ["school", "public", "office", "other"]


def test_a_changed_table_is_previewed_then_applied_and_audited() -> None:
    territory = make_riverside()
    Place.objects.filter(territory=territory).update(tags={"kind": "block"}, kind="residential")
    office = Place.objects.filter(territory=territory).order_by("pk")[0]
    Place.objects.filter(pk=office.pk).update(tags={"kind": "tower"})
    replace_rules([Line("kind", "block", "residential"), Line("kind", "tower", "office")], actor=None, at=AT)
    preview = kind_changes(territory)
    assert preview.moves == [("residential", "office", 1)]
    assert Place.objects.get(pk=office.pk).kind == "residential"
    assert apply_rules(territory, actor=None, at=AT) == preview
    assert Place.objects.get(pk=office.pk).kind == "office"
    assert not kind_changes(territory).kinds
    verbs = list(Entry.objects.order_by("id").values_list("verb", flat=True))
    assert verbs[-2:] == ["kinds.changed", "kinds.applied"]


def test_a_stranger_may_not_change_the_table() -> None:
    with pytest.raises(NotPermitted):
        replace_rules([], actor=make_user("wang"), at=AT)
