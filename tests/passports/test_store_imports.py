"""The store imports its tables when they are asked for: every name is found, every reference resolves."""

from inspect import getsource

import passports.store
from passports.store import OperatorRow, Store, all_tables, store
from passports.store.every_table import METADATA, TABLE_MODULES
from passports.store.read_only import _ALWAYS, _WHEN_CEASED


def test_every_name_of_the_package_is_found() -> None:
    for name in passports.store.__all__:
        assert getattr(passports.store, name), name
    assert passports.store.OperatorRow is OperatorRow


def test_every_table_has_its_class_and_every_class_its_table() -> None:
    assert {str(one.__tablename__) for one in all_tables()} == set(METADATA.tables)


def test_a_module_of_tables_imports_those_that_its_foreign_keys_name() -> None:
    module_of = {str(one.__tablename__): one.__module__ for one in all_tables()}
    for module in TABLE_MODULES:
        own = [
            table for name, table in METADATA.tables.items() if module_of[name] == module.__name__
        ]
        named = {module_of[key.column.table.name] for table in own for key in table.foreign_keys}
        for other in named - {module.__name__}:
            assert other in getsource(module), (module.__name__, other)


def test_what_is_always_written_is_told_by_names_of_tables() -> None:
    assert {*_ALWAYS, *_WHEN_CEASED} <= set(METADATA.tables)


def test_a_transaction_makes_the_records_of_every_annotation_once() -> None:
    empty = Store("sqlite://")
    with empty.reading() as reading:
        for name, place in store.Transaction.__annotations__.items():
            records = getattr(reading, name)
            assert type(records).__name__ == place.rpartition(".")[2]
            assert getattr(reading, name) is records
        assert not hasattr(reading, "no_such_records")
    empty.close()
