"""Postal addresses: label and passport state them, so nothing is issued without."""

from datetime import timedelta

import pytest

from passports.authority.callers import Caller
from passports.authority.operator_changes import OperatorChange, change_operator
from passports.errors import InvalidBatchError
from passports.issue import check_only, issue_batch
from passports.operators import get_operator
from tests.worlds import ADDRESS, IMPORTER, MAKER, NOW, World


def give_address(world: World, operator: str, address: str | None) -> None:
    """Correct an operator's postal address."""
    with world.store.reading() as reading:
        caller = Caller.of(get_operator(reading, operator), "key")
    change = OperatorChange(reason="a test", postal_address=address)
    change_operator(world.store, caller, operator, change, NOW + timedelta(hours=1))


def try_to_issue(world: World, *, dry: bool) -> None:
    """Issue a battery's passport, or see whether it would be issued."""
    request = world.batch("SN-1")
    if dry:
        check_only(world.store, MAKER, request, NOW)
    else:
        issue_batch(world.store, world.keyring, ADDRESS, MAKER, request, NOW)


@pytest.mark.parametrize("operator", [MAKER, IMPORTER])
@pytest.mark.parametrize("address", [None, "", "  "])
@pytest.mark.parametrize("dry", [True, False])
def test_without_an_address_nothing_is_issued_and_the_finding_says_how_to_add_it(
    world: World, operator: str, address: str | None, *, dry: bool
) -> None:
    give_address(world, operator, address)
    with pytest.raises(InvalidBatchError) as refused:
        try_to_issue(world, dry=dry)
    [finding] = refused.value.findings
    assert (finding.field, finding.value) == ("postal_address", operator)
    assert f"voltpass operator change {operator}" in finding.remedy
    give_address(world, operator, "2 New Road")
    assert world.issue("SN-1").created


def test_both_addresses_are_asked_for_at_once(world: World) -> None:
    for operator in (MAKER, IMPORTER):
        give_address(world, operator, None)
    with pytest.raises(InvalidBatchError) as refused:
        world.issue("SN-1")
    assert [finding.value for finding in refused.value.findings] == [MAKER, IMPORTER]
