"""Transfers of responsibility: both sign or nothing changes; tampered, replayed, late ones are refused."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from passports.authority.callers import Caller
from passports.authority.grants import Revocation
from passports.authority.responsibility import responsible_of
from passports.authority.transfer_statements import ACCEPTANCE_TYPE, OFFER_TYPE, digest
from passports.authority.transfers import (
    Signing,
    TransferOfferCreate,
    accept_transfer,
    bring_acceptance,
    bring_offer,
    end_transfer,
    list_transfers,
    offer_transfer,
)
from passports.documents import read_document
from passports.errors import (
    AccessDeniedError,
    IllegalTransitionError,
    InvalidInputError,
    RecordNotFoundError,
)
from passports.life.versions import PassportChange, list_versions, new_version
from passports.operators import EconomicOperatorCreate, get_operator, register_operator
from passports.resolve import passport_by_id
from signing.canonical import canonicalize
from signing.jws import encode_header, sign_compact, split_compact
from tests.worlds import ADDRESS, AUTHORITY, IMPORTER, MAKER, NOW, RIVAL, World

TAKER = "taker"
LATER = NOW + timedelta(days=1)
REASON = Revocation(reason="changed our minds")


@dataclass(frozen=True)
class Scene:
    """Two passports for which the importer is responsible, and somebody who could take them."""

    world: World
    passports: list[str]

    @property
    def at(self) -> Signing:
        return Signing(self.world.store, self.world.keyring, ADDRESS)

    def caller(self, name: str) -> Caller:
        with self.world.store.reading() as reading:
            return Caller.of(get_operator(reading, name), "key")

    def offer(self, by: str = IMPORTER, to: str = TAKER, **changes: Any) -> dict[str, Any]:
        fields = {
            "taker": to,
            "passports": self.passports,
            "reason": "sold on",
            "expires_at": (NOW + timedelta(days=30)).isoformat(),
        }
        request = read_document(TransferOfferCreate, {**fields, **changes}, "the offer")
        return offer_transfer(self.at, self.caller(by), request, NOW)

    def accept(self, transfer: dict[str, Any], by: str = TAKER, now: Any = LATER) -> dict[str, Any]:
        return accept_transfer(self.at, self.caller(by), transfer["id"], now)

    def signed(self, operator: str, typ: str, statement: Any, **header: Any) -> str:
        """Sign anything as an operator would with its own key."""
        with self.world.store.reading() as reading:
            key = self.world.keyring.current(reading, operator)
        head = encode_header({"alg": key.algorithm, "typ": typ, "kid": key.kid, **header})
        data = statement if isinstance(statement, bytes) else canonicalize(statement)
        return sign_compact(head, data, key).decode()

    def responsible(self) -> set[str]:
        with self.world.store.reading() as reading:
            rows = [reading.passports.by_id(name) for name in self.passports]
            return {responsible_of(row) for row in rows if row is not None}

    def versions(self) -> list[int]:
        return [len(list_versions(self.world.store, name)) for name in self.passports]


def scene_of(world: World) -> Scene:
    """Prepare a world: two passports, a taker in the Union."""
    taker = EconomicOperatorCreate(id=TAKER, name="Taker", roles=["importer"], country="FR")
    register_operator(world.store, world.keyring, ADDRESS, taker, NOW)
    return Scene(world, [p.id for p in world.issue("SN-1", "SN-2").passports])


@pytest.fixture
def scene(world: World) -> Scene:
    return scene_of(world)


@pytest.fixture
def here(sqlite_world: World) -> Scene:
    return scene_of(sqlite_world)


def said(transfer: dict[str, Any]) -> dict[str, Any]:
    """Return what the giver signed, to be changed."""
    statement: dict[str, Any] = json.loads(split_compact(transfer["offer"].encode()).payload_bytes)
    return statement


def test_responsibility_passes_when_both_have_signed_and_not_before(scene: Scene) -> None:
    transfer = scene.offer()
    assert (scene.responsible(), scene.versions()) == ({IMPORTER}, [1, 1])

    done = scene.accept(transfer)

    assert (done["state"], scene.responsible(), scene.versions()) == ("accepted", {TAKER}, [2, 2])
    assert json.loads(split_compact(done["acceptance"].encode()).payload_bytes)[
        "offer_sha256"
    ] == digest(transfer["offer"].encode())
    newest = passport_by_id(scene.world.store, scene.passports[0])
    report = scene.world.verify(newest.credential, at=LATER)
    assert [s for s in report.steps if s.outcome == "failed"] == []
    for operator in (IMPORTER, TAKER):
        with scene.world.store.reading() as reading:
            [listed] = list_transfers(reading, operator, LATER)
        assert listed == done


def test_after_a_transfer_the_giver_changes_nothing_more_and_the_taker_may(here: Scene) -> None:
    here.accept(here.offer())
    store, keyring = here.world.store, here.world.keyring
    change = PassportChange(reason="measured", values={"cycle_count": 3})
    for former in (IMPORTER, MAKER):
        with pytest.raises(AccessDeniedError):
            new_version(store, keyring, ADDRESS, former, here.passports[0], change, LATER)
    assert (
        new_version(store, keyring, ADDRESS, TAKER, here.passports[0], change, LATER).version == 3
    )
    with pytest.raises(AccessDeniedError, match="hands responsibility over"):
        here.offer()


def test_no_one_sided_change_names_another_responsible_operator(here: Scene) -> None:
    store, keyring = here.world.store, here.world.keyring
    for actor in (IMPORTER, MAKER):
        change = PassportChange(reason="take it", responsible_operator_id=TAKER)
        with pytest.raises(AccessDeniedError, match="one side"):
            new_version(store, keyring, ADDRESS, actor, here.passports[0], change, LATER)
    assert here.responsible() == {IMPORTER}


@pytest.mark.parametrize("who", [MAKER, RIVAL, AUTHORITY, TAKER])
def test_only_who_is_responsible_offers(here: Scene, who: str) -> None:
    to = IMPORTER if who == TAKER else TAKER
    with pytest.raises(AccessDeniedError):
        here.offer(by=who, to=to)


@pytest.mark.parametrize("who", [IMPORTER, MAKER, RIVAL, AUTHORITY])
def test_only_to_whom_it_was_offered_accepts(here: Scene, who: str) -> None:
    transfer = here.offer()
    with pytest.raises(RecordNotFoundError):
        here.accept(transfer, by=who)
    assert here.responsible() == {IMPORTER}


@pytest.mark.parametrize("to", [RIVAL, AUTHORITY])
def test_who_is_outside_the_union_or_an_authority_cannot_take(here: Scene, to: str) -> None:
    with pytest.raises(AccessDeniedError, match=r"77\(4\)"):
        here.offer(to=to)


def test_an_offer_is_not_made_to_oneself_nor_to_nobody(here: Scene) -> None:
    with pytest.raises(InvalidInputError):
        here.offer(to=IMPORTER)
    with pytest.raises(RecordNotFoundError):
        here.offer(to="nobody")
    with pytest.raises(RecordNotFoundError):
        here.offer(passports=["none"])
    with pytest.raises(InvalidInputError, match="twice"):
        here.offer(passports=[here.passports[0]] * 2)


@pytest.mark.parametrize("days", [-1, 0, 91])
def test_an_offer_ends_and_not_too_late(here: Scene, days: int) -> None:
    with pytest.raises(InvalidInputError, match="expires_at"):
        here.offer(expires_at=(NOW + timedelta(days=days)).isoformat())


def test_an_offer_that_has_ended_is_not_accepted(here: Scene) -> None:
    transfer = here.offer()
    with pytest.raises(InvalidInputError, match="ended"):
        here.accept(transfer, now=NOW + timedelta(days=30))
    assert (here.responsible(), here.versions()) == ({IMPORTER}, [1, 1])


@pytest.mark.parametrize(("by", "state"), [(IMPORTER, "withdrawn"), (TAKER, "declined")])
def test_an_offer_is_taken_back_or_declined_and_then_not_accepted(
    here: Scene, by: str, state: str
) -> None:
    transfer = here.offer()
    with pytest.raises(RecordNotFoundError):
        end_transfer(here.world.store, here.caller(RIVAL), transfer["id"], REASON, NOW)
    ended = end_transfer(here.world.store, here.caller(by), transfer["id"], REASON, NOW)
    assert ended["state"] == state
    with pytest.raises(InvalidInputError, match="taken back"):
        here.accept(transfer)
    assert here.responsible() == {IMPORTER}


def test_what_was_accepted_is_neither_accepted_again_nor_taken_back(scene: Scene) -> None:
    transfer = scene.offer()
    done = scene.accept(transfer)
    with pytest.raises(InvalidInputError, match="before"):
        scene.accept(transfer)
    with pytest.raises(InvalidInputError, match="before"):
        bring_acceptance(scene.at, scene.caller(TAKER), transfer["id"], done["acceptance"], LATER)
    with pytest.raises(InvalidInputError, match="transferred back"):
        end_transfer(scene.world.store, scene.caller(IMPORTER), transfer["id"], REASON, LATER)
    assert scene.versions() == [2, 2]


def test_if_one_passport_has_changed_since_none_passes(scene: Scene) -> None:
    transfer = scene.offer()
    change = PassportChange(reason="measured", values={"cycle_count": 3})
    store, keyring = scene.world.store, scene.world.keyring
    new_version(store, keyring, ADDRESS, IMPORTER, scene.passports[1], change, LATER)
    with pytest.raises(InvalidInputError, match="changed since"):
        scene.accept(transfer)
    assert (scene.responsible(), scene.versions()) == ({IMPORTER}, [1, 2])


def test_statements_that_were_signed_elsewhere_are_taken_too(scene: Scene) -> None:
    statement = {**said(scene.offer()), "id": "0" * 24}
    offer = scene.signed(IMPORTER, OFFER_TYPE, statement)
    transfer = bring_offer(scene.at, scene.caller(IMPORTER), offer, NOW)
    assert transfer["offer"] == offer
    acceptance = acceptance_of(statement, offer)
    text = scene.signed(TAKER, ACCEPTANCE_TYPE, acceptance)
    done = bring_acceptance(scene.at, scene.caller(TAKER), "0" * 24, text, LATER)
    assert (done["state"], scene.responsible()) == ("accepted", {TAKER})


def acceptance_of(statement: dict[str, Any], offer: str, **changes: Any) -> dict[str, Any]:
    """Return the acceptance of an offer, with changes."""
    copied = {name: statement[name] for name in ("origin", "id", "giver", "taker")}
    return {
        **copied,
        "type": "transfer-acceptance",
        "offer_sha256": digest(offer.encode()),
        "accepted_at": LATER.isoformat().replace("+00:00", "Z"),
        **changes,
    }


Tamper = Callable[[dict[str, Any]], Any]
CHANGED_OFFERS: dict[str, Tamper] = {
    "another server": lambda s: {**s, "origin": "https://elsewhere.example"},
    "another giver": lambda s: {**s, "giver": {**s["giver"], "id": RIVAL}},
    "another giver's DID": lambda s: {**s, "giver": {**s["giver"], "did": "did:web:x"}},
    "another taker's DID": lambda s: {**s, "taker": {**s["taker"], "did": "did:web:x"}},
    "to itself": lambda s: {**s, "taker": s["giver"]},
    "another version": lambda s: {**s, "passports": [{**s["passports"][0], "version": 2}]},
    "another hash": lambda s: {**s, "passports": [{**s["passports"][0], "sha256": "0" * 64}]},
    "twice": lambda s: {**s, "passports": [s["passports"][0]] * 2},
    "none": lambda s: {**s, "passports": []},
    "from the future": lambda s: {**s, "offered_at": "2030-01-01T00:00:00Z"},
    "ended": lambda s: {**s, "expires_at": "2026-01-01T00:00:00Z"},
    "without end": lambda s: {**s, "expires_at": "2099-01-01T00:00:00Z"},
    "another type": lambda s: {**s, "type": "transfer-acceptance"},
    "a field more": lambda s: {**s, "price": 1},
    "a field less": lambda s: {k: v for k, v in s.items() if k != "reason"},
    "not canonical": lambda s: json.dumps(s, indent=1).encode(),
    "no object": lambda _: [],
    "nothing": lambda _: b"",
}


def test_an_offer_of_its_own_signature_that_says_something_else_is_refused(here: Scene) -> None:
    good = said(here.offer())
    for name, tamper in CHANGED_OFFERS.items():
        offer = here.signed(IMPORTER, OFFER_TYPE, tamper({**good, "id": "1" * 24}))
        with pytest.raises((InvalidInputError, AccessDeniedError)):
            pytest.fail(f"{name}: {bring_offer(here.at, here.caller(IMPORTER), offer, NOW)}")
    with here.world.store.reading() as reading:
        assert len(reading.transfers.of(IMPORTER)) == 1
    assert here.versions() == [1, 1]


def test_an_offer_under_another_signature_type_or_header_is_refused(here: Scene) -> None:
    transfer = here.offer()
    statement = {**said(transfer), "id": "2" * 24}
    good = here.signed(IMPORTER, OFFER_TYPE, statement)
    head, body, end = good.split(".")
    other = said(transfer) | {"id": "3" * 24}
    swapped = here.signed(IMPORTER, OFFER_TYPE, other).split(".")[1]
    for forged in (
        here.signed(RIVAL, OFFER_TYPE, statement),
        here.signed(TAKER, OFFER_TYPE, statement),
        here.signed(IMPORTER, ACCEPTANCE_TYPE, statement),
        here.signed(IMPORTER, "vc+jwt", statement),
        here.signed(IMPORTER, OFFER_TYPE, statement, alg="none"),
        here.signed(IMPORTER, OFFER_TYPE, statement, crit=["b64"]),
        f"{head}.{swapped}.{end}",
        f"{head}.{body}.",
        f"{head}.{body}",
        "",
        "é.é.é",
        passport_by_id(here.world.store, here.passports[0]).credential.decode(),
    ):
        with pytest.raises(InvalidInputError):
            bring_offer(here.at, here.caller(IMPORTER), forged, NOW)
    assert bring_offer(here.at, here.caller(IMPORTER), good, NOW)["state"] == "offered"


def test_an_offer_is_made_once_and_not_by_another_caller(here: Scene) -> None:
    transfer = here.offer()
    for who in (IMPORTER, TAKER, RIVAL):
        with pytest.raises(InvalidInputError):
            bring_offer(here.at, here.caller(who), transfer["offer"], NOW)


CHANGED_ACCEPTANCES: list[dict[str, Any]] = [
    {"offer_sha256": "0" * 64},
    {"id": "9" * 24},
    {"origin": "https://elsewhere.example"},
    {"giver": {"id": RIVAL, "did": "did:web:x"}},
    {"taker": {"id": RIVAL, "did": "did:web:x"}},
    {"accepted_at": "2026-01-01T00:00:00Z"},
    {"accepted_at": "2030-01-01T00:00:00Z"},
    {"type": "transfer-offer"},
    {"condition": "a discount"},
]


def test_an_acceptance_of_anything_else_is_refused(here: Scene) -> None:
    transfer = here.offer()
    for changes in CHANGED_ACCEPTANCES:
        acceptance = acceptance_of(said(transfer), transfer["offer"], **changes)
        text = here.signed(TAKER, ACCEPTANCE_TYPE, acceptance)
        with pytest.raises(InvalidInputError):
            pytest.fail(f"{changes}: {accepted_by(here, transfer, text)}")
    assert (here.responsible(), here.versions()) == ({IMPORTER}, [1, 1])


def accepted_by(here: Scene, transfer: dict[str, Any], text: str) -> dict[str, Any]:
    """Bring the taker's acceptance."""
    return bring_acceptance(here.at, here.caller(TAKER), transfer["id"], text, LATER)


def test_an_acceptance_signed_by_the_giver_or_for_another_offer_is_refused(here: Scene) -> None:
    first, second = here.offer(), here.offer()
    for signer, of in ((IMPORTER, first), (RIVAL, first), (TAKER, second)):
        acceptance = acceptance_of(said(of), of["offer"])
        text = here.signed(signer, ACCEPTANCE_TYPE, acceptance)
        with pytest.raises(InvalidInputError):
            bring_acceptance(here.at, here.caller(TAKER), first["id"], text, LATER)
    with pytest.raises(InvalidInputError):
        bring_acceptance(here.at, here.caller(TAKER), first["id"], first["offer"], LATER)
    assert here.responsible() == {IMPORTER}


def test_of_two_offers_of_the_same_passports_one_passes(here: Scene) -> None:
    first, second = here.offer(), here.offer()
    here.accept(first)
    with pytest.raises((InvalidInputError, AccessDeniedError)):
        here.accept(second)
    assert here.versions() == [2, 2]


def test_a_key_that_was_retired_since_signs_no_statement(here: Scene) -> None:
    transfer = here.offer()
    with here.world.store.transaction() as transaction:
        [row] = transaction.signing_keys.of(IMPORTER)
        row.retired_at = NOW
        transaction.signing_keys.add(row)
    with pytest.raises(InvalidInputError, match="signature"):
        here.accept(transfer)
    assert here.responsible() == {IMPORTER}


def test_a_passport_that_has_ended_is_not_offered(scene: Scene) -> None:
    store, keyring = scene.world.store, scene.world.keyring
    kept, ended = scene.passports
    for status in ("waste", "recycled"):
        change = PassportChange(reason=status, life_cycle_status=status)
        new_version(store, keyring, ADDRESS, IMPORTER, ended, change, NOW)
    with pytest.raises(IllegalTransitionError):
        scene.offer()
    with store.reading() as reading:
        assert list_transfers(reading, IMPORTER, NOW) == []
    assert scene.accept(scene.offer(passports=[kept]))["state"] == "accepted"
