"""The table of roles: one row a role, and what a wrong row is refused for."""

import json
from importlib import resources

import pytest

from api.openid_issuers import OpenIdIssuer
from passports.access import POINTS, Audience
from passports.authority.roles import (
    Action,
    RoleTableError,
    actions_of,
    is_in_the_union,
    read_roles,
    roles,
    roles_with,
    union_countries,
)
from passports.documents import read_document
from passports.errors import InvalidInputError
from passports.operators import EconomicOperatorCreate
from passports.trust import _SCOPES
from tests.paths import ROOT

# The roles that the product promises.
PROMISED = {
    "manufacturer",
    "importer",
    "authorised_representative",
    "distributor",
    "remanufacturer",
    "producer_responsibility_organisation",
    "waste_operator",
    "recycler",
    "certifier",
    "market_surveillance",
    "notified_body",
    "commission",
    "back_up_operator",
}
TEXT = resources.files("passports.data").joinpath("roles.csv").read_text("utf-8")
ROW = "tester,Tester,nowhere,read|inspect,authority,,no,\n"


def test_every_promised_role_has_its_row_and_the_platform_its_own() -> None:
    assert set(roles()) == PROMISED | {"platform"}


def test_every_role_reads_as_an_audience_that_has_points_and_stands_where_the_trust_list_knows() -> (
    None
):
    for role in roles().values():
        assert Audience(role.audience) in POINTS, role.id
        assert role.trusted_as in {"", *_SCOPES}, role.id


def test_every_action_is_somebodys_and_everybody_may_read() -> None:
    assert all(roles_with(action) for action in Action)
    assert set(roles_with(Action.READ)) == set(roles())


def test_who_issues_stands_on_the_trust_list_and_nobody_else_does_as_manufacturer() -> None:
    trusted = {role.id for role in roles().values() if role.trusted_as == "manufacturer"}
    assert trusted == set(roles_with(Action.ISSUE)) == {"manufacturer", "remanufacturer"}


def test_authorities_and_the_platform_cannot_answer_for_passports_and_issue_nothing() -> None:
    for name in ("market_surveillance", "notified_body", "commission", "platform", "certifier"):
        assert not roles()[name].may_be_responsible
        assert not roles()[name].actions & {Action.ISSUE, Action.ATTRIBUTES, Action.PASSPORTS}


def test_only_who_supervises_ends_grants_of_others_and_only_the_platform_registers() -> None:
    assert roles_with(Action.SUPERVISE) == ["market_surveillance"]
    assert roles_with(Action.OPERATORS) == ["platform"]


def test_a_role_is_added_by_one_row() -> None:
    more = read_roles(TEXT + ROW)
    assert set(more) - set(roles()) == {"tester"}
    assert more["tester"].actions == {Action.READ, Action.INSPECT}


def test_two_roles_add_up() -> None:
    both = actions_of(["certifier", "importer"])
    assert both == roles()["certifier"].actions | roles()["importer"].actions
    assert actions_of([]) == frozenset()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (ROW + ROW, "twice"),
        (ROW.replace("read|inspect", "read|rule"), "rule"),
        (ROW.replace("read|inspect", ""), "Action"),
        (ROW.replace("authority", "everybody"), "audience"),
        (ROW.replace(",no,", ",perhaps,"), "perhaps"),
        (ROW.replace(",,no", ",king,no"), "trust list"),
        (ROW.replace("tester", "Tester"), "identifier"),
        (ROW.replace(",Tester", ","), "title"),
        ("tester,Tester\n", "tester"),
    ],
)
def test_a_wrong_row_is_refused_by_name(row: str, reason: str) -> None:
    with pytest.raises(RoleTableError, match=reason):
        read_roles(TEXT + row)


def test_an_operator_with_an_unknown_role_is_told_which_there_are() -> None:
    fields = {"id": "x", "name": "X", "roles": ["king"], "country": "DE"}
    with pytest.raises(InvalidInputError, match="no such role") as caught:
        read_document(EconomicOperatorCreate, fields, "the operator")
    assert "back_up_operator" in caught.value.findings[0].remedy


def test_the_union_has_27_member_states_and_three_of_the_eea() -> None:
    bases = list(union_countries().values())
    assert (bases.count("EU"), bases.count("EEA")) == (27, 3)
    assert is_in_the_union("DE")
    assert not any(map(is_in_the_union, ("CN", "GB", "CH", "UK", "EL", "XI", "de", "")))


def test_the_readme_explains_every_action_and_its_example_of_an_issuer_is_one() -> None:
    readme = (ROOT / "passports" / "README.md").read_text(encoding="utf-8")
    missing = {action.value for action in Action if f"`{action.value}`" not in readme}
    assert not missing
    start = readme.index('    [{"issuer"')
    example = readme[start : readme.index("]\n", readme.index("authorised_parties", start)) + 1]
    [issuer] = json.loads(example)
    assert OpenIdIssuer(**issuer).operators == {"press-line": "maker"}
