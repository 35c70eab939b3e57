"""Who acted for an operator stands in no public archive, and in the confidential one."""

from datetime import timedelta
from pathlib import Path

from passports.archive.contents import ArchiveAudience
from passports.batches import get_batch
from passports.issue import issue_batch
from passports.life.versions import PassportChange, new_version
from passports.operators import EconomicOperatorCreate, register_operator
from tests.passports.archive_world import Second, members_of, written
from tests.worlds import ADDRESS, MAKER, NOW, World

AGENT = "the-agent-of-the-maker"


def issued_by_agent(world: World) -> None:
    """Issue a batch, and change its passport, by an agent."""
    agent = EconomicOperatorCreate(id=AGENT, name="A", roles=["importer"], country="DE")
    register_operator(world.store, world.keyring, ADDRESS, agent, NOW)
    where = (world.store, world.keyring, ADDRESS, MAKER)
    request = world.batch("AG-1", id="b-agent")
    [passport] = issue_batch(*where, request, NOW, acting_id=AGENT).passports
    change = PassportChange(reason="measured", values={"cycle_count": 3})
    new_version(*where, passport.id, change, NOW, AGENT)


def test_a_public_archive_names_no_agent(world: World, tmp_path: Path) -> None:
    issued_by_agent(world)
    public = members_of(written(world, tmp_path / "p.zip", ArchiveAudience.PUBLIC))
    assert [name for name, data in public.items() if AGENT.encode() in data] == []
    assert b"b-agent" in public["rows/0000/batch/000001.ndjson"]
    confidential = members_of(written(world, tmp_path / "c.zip"))
    assert AGENT.encode() in confidential["rows/0000/batch/000001.ndjson"]


def test_the_agent_comes_with_the_whole_and_does_not_go_with_the_public_part(
    second: Second, first: World, tmp_path: Path
) -> None:
    issued_by_agent(first)
    public = written(first, tmp_path / "p.zip", ArchiveAudience.PUBLIC, at=NOW + timedelta(hours=2))
    second.take(public)
    second.sound()
    whole = written(first, tmp_path / "c.zip")
    for archive, expected in ((None, None), (whole, AGENT), (public, AGENT)):
        if archive is not None:
            second.take(archive)
            second.sound()
        with second.store.reading() as reading:
            assert get_batch(reading, MAKER, "b-agent").acting_id == expected
