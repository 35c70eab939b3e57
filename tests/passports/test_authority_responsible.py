"""Who may be responsible for a batch: somebody in the Union who places batteries on the market."""

from typing import Any

import pytest

from passports.errors import InvalidBatchError
from passports.issue import check_only
from passports.operators import EconomicOperatorCreate, register_operator
from tests.worlds import (
    ADDRESS,
    AUTHORITY,
    IMPORTER,
    MAKER,
    NOW,
    RIVAL,
    World,
    accept_to_answer,
)


def refusal(world: World, **changes: Any) -> InvalidBatchError | None:
    """Return why a batch is refused, by the gates of a dry run, or None."""
    try:
        check_only(world.store, MAKER, world.batch("A", **changes), NOW)
    except InvalidBatchError as error:
        return error
    return None


def test_a_maker_outside_the_union_needs_an_operator_in_it_and_is_told_how(world: World) -> None:
    refused = refusal(world, responsible_operator_id=None)
    assert refused is not None
    [finding] = refused.findings
    assert finding.field == "responsible_operator_id"
    assert "CN, outside the Union" in finding.reason
    assert "77(4)" in finding.reason
    assert finding.remedy.startswith("Name a registered operator in the Union that is manufacturer")
    assert refusal(world, responsible_operator_id=IMPORTER) is None


@pytest.mark.parametrize("profile", ["ec-2027-02", "voluntary-footprint"])
def test_it_is_asked_whatever_the_profile(sqlite_world: World, profile: str) -> None:
    assert refusal(sqlite_world, responsible_operator_id=MAKER, profile=profile) is not None
    assert refusal(sqlite_world, responsible_operator_id=IMPORTER, profile=profile) is None


@pytest.mark.parametrize(
    ("who", "reason"), [(RIVAL, "outside the Union"), (AUTHORITY, "places no batteries")]
)
def test_neither_another_maker_abroad_nor_an_authority_is_responsible(
    sqlite_world: World, who: str, reason: str
) -> None:
    refused = refusal(sqlite_world, responsible_operator_id=who)
    assert refused is not None
    assert reason in refused.findings[0].reason


@pytest.mark.parametrize(
    ("role", "country", "is_let_through"),
    [
        ("authorised_representative", "FR", True),
        ("distributor", "IS", True),
        ("importer", "CH", False),
        ("recycler", "DE", False),
        ("notified_body", "DE", False),
    ],
)
def test_role_and_country_decide_together(
    sqlite_world: World, role: str, country: str, *, is_let_through: bool
) -> None:
    request = EconomicOperatorCreate(
        id="new", name="New", roles=[role], country=country, postal_address="1 Road"
    )
    register_operator(sqlite_world.store, sqlite_world.keyring, ADDRESS, request, NOW)
    if is_let_through:  # by what it is; that it wants to is another matter: test_acceptances.py
        accept_to_answer(sqlite_world.store, sqlite_world.keyring, "new")
    assert (refusal(sqlite_world, responsible_operator_id="new") is None) is is_let_through
