"""fsck names an act or a transfer that was changed after it was written."""

from datetime import timedelta

from passports.authority.authorisations import AuthorisationCreate, act_for, give_authorisation
from passports.authority.roles import Action
from passports.fsck.authority import check_acts, check_transfers
from tests.passports.test_authority_transfers import scene_of
from tests.worlds import IMPORTER, MAKER, NOW, World


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
    assert [f for f in (*check_acts(world.store), *check_transfers(world.store)) if f] == []
    assert len(list(check_transfers(world.store))) == 1

    with world.store.transaction() as transaction:
        act = transaction.acts.page(MAKER, 0, 1)[0]
        act.document = act.document.replace(b"POST", b"GETS")
        transaction.acts.add(act)
        row = transaction.transfers.by_id(done["id"])
        assert row is not None
        row.offer = b"e30.e30.e30"
        transaction.transfers.add(row)
    [fault] = [f for f in check_acts(world.store) if f]
    assert fault[:2] == ("acts", MAKER)
    [fault] = [f for f in check_transfers(world.store) if f]
    assert fault[:2] == ("transfer", done["id"])
