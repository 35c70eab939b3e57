"""The passports that a list of batteries names: newest versions, and no walk through the whole table."""

from sqlalchemy import event
from sqlalchemy.engine import Connection

from tests.worlds import GTIN, World

OTHERS = {f"{number:014d}": ["SN-1"] for number in range(250)}


def found(world: World, named: dict[str, list[str]]) -> set[tuple[str, str, int]]:
    with world.store.reading() as reading:
        rows = reading.passports.newest_of_all(named)
        return {(row.gtin, row.serial, row.version) for row in rows}


def test_those_of_many_models_are_found_among_batteries_that_are_not_there(world: World) -> None:
    serials = [f"SN-{number}" for number in range(12)]
    world.issue(*serials)
    everything = {(GTIN, serial, 1) for serial in serials}
    assert found(world, {**OTHERS, GTIN: serials}) == everything
    assert found(world, {**OTHERS, GTIN: [*serials[:3], "none"]}) == {
        (GTIN, serial, 1) for serial in serials[:3]
    }
    assert found(world, OTHERS) == found(world, {}) == set()


def test_sqlite_finds_them_by_its_index(sqlite_world: World) -> None:
    sqlite_world.issue("SN-1")
    asked: list[tuple[str, object]] = []

    def remember(_connection: Connection, _cursor: object, statement: str, *more: object) -> None:
        asked.append((statement, more[0]))

    engine = sqlite_world.store._engine
    event.listen(engine, "before_cursor_execute", remember)
    try:
        found(sqlite_world, {**OTHERS, GTIN: [f"SN-{number}" for number in range(12)]})
    finally:
        event.remove(engine, "before_cursor_execute", remember)
    selects = [(text, values) for text, values in asked if text.startswith("SELECT passport")]
    assert len(selects) == 4
    with engine.connect() as connection:
        for text, values in selects:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values).all()  # type: ignore[arg-type] # as they were sent
            steps = [row[3] for row in plan]
            assert not any(step.startswith("SCAN passport") for step in steps), steps
