"""Naming another as responsible takes its signed acceptance (Art. 77(4)), in a dry run as in issuing."""

from datetime import timedelta
from typing import Any

import orjson
import pytest

from lca.datasets import load_shipped_dataset
from passports.authority.acceptances import (
    AcceptanceCreate,
    accept_responsibility,
    end_acceptance,
    list_acceptances,
)
from passports.authority.callers import Caller
from passports.authority.grants import Revocation
from passports.authority.roles import Action
from passports.errors import (
    AccessDeniedError,
    InvalidBatchError,
    InvalidInputError,
    RecordNotFoundError,
)
from passports.fsck.whole import check_store
from passports.issue import check_only
from passports.operators import EconomicOperatorCreate, get_operator, register_operator
from signing.canonical import canonicalize
from signing.credentials import decode
from signing.jws import encode_header, sign_compact, split_compact
from tests.worlds import ADDRESS, AUTHORITY, IMPORTER, MAKER, MODEL, NOW, RIVAL, World

OTHER = "other"
DAY = timedelta(days=1)
REASON = Revocation(reason="the contract ended")


def caller(world: World, name: str, *narrowed: Action) -> Caller:
    """Return an operator as it calls."""
    with world.store.reading() as reading:
        return Caller.of(get_operator(reading, name), "key", narrowed or None)


def accept(world: World, by: str = OTHER, **changes: Any) -> dict[str, Any]:
    """Have an operator accept to answer for what the maker issues."""
    request = AcceptanceCreate(**{"maker": MAKER, "valid_until": NOW + 30 * DAY, **changes})
    store, keyring = world.store, world.keyring
    return accept_responsibility(store, keyring, ADDRESS, caller(world, by), request, NOW)


@pytest.fixture
def there(world: World) -> World:
    """A world with another importer, which has accepted nothing."""
    return with_other(world)


@pytest.fixture
def here(sqlite_world: World) -> World:
    """The same on SQLite."""
    return with_other(sqlite_world)


def with_other(world: World) -> World:
    """Register another importer."""
    request = EconomicOperatorCreate(
        id=OTHER, name="Other", roles=["importer"], country="FR", postal_address="1 Rue"
    )
    register_operator(world.store, world.keyring, ADDRESS, request, NOW)
    return world


def passport_by_link(world: World) -> dict[str, Any]:
    """Return what the battery's passport says."""
    said: dict[str, Any] = orjson.loads(decode(world.credential()).payload_bytes)
    subject: dict[str, Any] = said["credentialSubject"]
    return subject


def refusal(world: World, days: float = 0) -> str | None:
    """Return why the other importer cannot be named, the same by a dry run and by issuing, or None."""
    request = world.batch("SN-1", responsible_operator_id=OTHER)
    refused = None
    try:
        check_only(world.store, MAKER, request, NOW + days * DAY)
    except InvalidBatchError as error:
        refused = error
    if refused is None:
        return None
    [finding] = refused.findings
    assert (finding.field, finding.value) == ("responsible_operator_id", OTHER)
    assert f"accept-responsibility {MAKER} --operator {OTHER}" in finding.remedy
    if days == 0:
        with pytest.raises(InvalidBatchError) as issuing:
            world.issue("SN-1", responsible_operator_id=OTHER)
        assert issuing.value.findings == refused.findings
    return finding.reason


def test_nobody_is_named_that_has_not_accepted_and_who_has_is(there: World) -> None:
    reason = refusal(there)
    assert reason is not None
    assert "has not accepted" in reason
    assert "77(4)" in reason
    with there.store.reading() as reading:
        assert list(reading.passports.page()) == []
    accept(there)
    assert refusal(there) is None
    there.issue("SN-1", responsible_operator_id=OTHER)
    subject = passport_by_link(there)
    assert subject["responsibleOperator"]["id"] == OTHER
    assert not check_store(there.store, load_shipped_dataset(), NOW).faults


def test_an_acceptance_holds_until_its_end_and_is_ended_by_who_gave_it(there: World) -> None:
    given = accept(there)
    assert refusal(there, 29) is None
    assert "ended on 2026-12-22" in str(refusal(there, 30))
    for stranger in (MAKER, IMPORTER, RIVAL):
        with pytest.raises(RecordNotFoundError):
            end_acceptance(there.store, caller(there, stranger), given["id"], REASON, NOW)
    ended = end_acceptance(there.store, caller(there, OTHER), given["id"], REASON, NOW)
    assert (ended["state"], ended["end_reason"]) == ("ended", REASON.reason)
    assert "ended its acceptance" in str(refusal(there))
    with there.store.reading() as reading:
        assert [a["id"] for a in list_acceptances(reading, OTHER, NOW)] == [given["id"]]
    accept(there)  # a newer one stands beside the one that ended
    assert refusal(there) is None


def test_an_acceptance_is_for_its_maker_and_its_models(here: World) -> None:
    accept(here, maker=RIVAL)
    assert "has not accepted" in str(refusal(here))
    with pytest.raises(RecordNotFoundError):
        accept(here, models=["unheard-of"])
    accept(here, models=[MODEL])
    assert refusal(here) is None


@pytest.mark.parametrize("who", [MAKER, RIVAL, AUTHORITY])
def test_who_cannot_be_responsible_accepts_nothing(here: World, who: str) -> None:
    with pytest.raises(AccessDeniedError):
        accept(here, by=who, maker=OTHER)


def test_an_acceptance_has_an_end_and_another_party(here: World) -> None:
    for until in (NOW, NOW - DAY, NOW + 3654 * DAY):
        with pytest.raises(InvalidInputError, match="valid_until"):
            accept(here, valid_until=until)
    with pytest.raises(InvalidInputError, match="maker"):
        accept(here, maker=OTHER)
    with pytest.raises(RecordNotFoundError):
        accept(here, maker="nobody")
    narrowed = caller(here, OTHER, Action.READ)
    request = AcceptanceCreate(maker=MAKER, valid_until=NOW + DAY)
    with pytest.raises(AccessDeniedError):
        accept_responsibility(here.store, here.keyring, ADDRESS, narrowed, request, NOW)


def forge(world: World, acceptance_id: str, signer: str, **changes: Any) -> None:
    """Put another statement in the place of an acceptance's, signed by somebody."""
    with world.store.transaction() as transaction:
        row = transaction.responsibility_acceptances.by_id(acceptance_id)
        assert row is not None
        jws = split_compact(row.statement)
        key = world.keyring.current(transaction, signer)
        header = encode_header({**jws.header, "kid": key.kid, **changes.pop("header", {})})
        said = {**orjson.loads(jws.payload_bytes), **changes}
        row.statement = sign_compact(header, canonicalize(said), key)
        transaction.responsibility_acceptances.add(row)


FORGERIES: list[tuple[str, dict[str, Any]]] = [
    (MAKER, {}),
    (OTHER, {"maker": {"id": RIVAL, "did": "did:web:x"}}),
    (OTHER, {"id": "0" * 24}),
    (OTHER, {"type": "transfer-acceptance"}),
    (OTHER, {"header": {"typ": "voltpass-transfer-acceptance+jws"}}),
    (OTHER, {"more": 1}),
]


@pytest.mark.parametrize(("signer", "changes"), FORGERIES)
def test_a_forged_acceptance_opens_nothing_and_fsck_names_it(
    here: World, signer: str, changes: dict[str, Any]
) -> None:
    given = accept(here)
    forge(here, given["id"], signer, **changes)
    assert "not what it signed" in str(refusal(here))
    [fault] = check_store(here.store, load_shipped_dataset(), NOW).faults
    assert (fault.kind, fault.id) == ("acceptance", given["id"])


def test_an_acceptance_outlives_the_retirement_of_its_key_but_not_its_revocation(
    here: World,
) -> None:
    accept(here)
    for field, is_open in (("retired_at", True), ("revoked_at", False)):
        with here.store.transaction() as transaction:
            [row] = transaction.signing_keys.of(OTHER)
            setattr(row, field, NOW)
            transaction.signing_keys.add(row)
        assert (refusal(here) is None) is is_open
