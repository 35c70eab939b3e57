"""fsck names an act or a transfer that was changed after it was written."""

from collections.abc import Callable, Iterator
from datetime import timedelta

from passports.authority.authorisations import AuthorisationCreate, act_for, give_authorisation
from passports.authority.roles import Action
from passports.fsck.authority import check_acts, check_transfers
from passports.fsck.faults import Found
from passports.store import OneView
from tests.passports.test_authority_transfers import scene_of
from tests.worlds import IMPORTER, MAKER, NOW, World


def found(walk: Callable[[OneView], Iterator[Found]], world: World) -> list[Found]:
    """Walk to the end."""
    with OneView(world.store) as view:
        return list(walk(view))


def test_untouched_records_are_in_order_and_changed_ones_are_named(world: World) -> None:
    scene = scene_of(world)
    done = scene.accept(scene.offer())
    request = AuthorisationCreate(
        agent=IMPORTER,
        actions=[Action.ISSUE],
        valid_until=NOW + timedelta(days=9),
        document_title="Mandate",
        document_sha256="ab" * 32,
    )
    give_authorisation(world.store, scene.caller(MAKER), request, NOW)
    act_for(world.store, scene.caller(IMPORTER), MAKER, Action.ISSUE, None, "POST /x", NOW)
    assert set(found(check_acts, world)) == {None}
    assert found(check_transfers, world) == [None]

    with world.store.transaction() as transaction:
        act = transaction.acts.page(MAKER, 0, 1)[0]
        act.document = act.document.replace(b"POST", b"GETS")
        transaction.acts.add(act)
        row = transaction.transfers.by_id(done["id"])
        assert row is not None
        row.offer = b"e30.e30.e30"
        transaction.transfers.add(row)
    [fault] = [f for f in found(check_acts, world) if f]
    assert fault[:2] == ("acts", MAKER)
    [fault] = [f for f in found(check_transfers, world) if f]
    assert fault[:2] == ("transfer", done["id"])
