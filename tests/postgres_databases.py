"""Databases of a real PostgreSQL for tests: copied from templates once, then cleaned and used again.

To create a database takes PostgreSQL longer than most tests take. So a database that a test gives back
is emptied, filled as its template is, and given to the next, with the store on it, whose engine has
compiled its statements; one whose schema a test has changed, or that does not come clean, is dropped.
"""

import uuid
from collections import Counter
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from passports.keyring import Keyring
from passports.store import Store
from tests.worlds import populate

MOST_USES = 60  # deleted rows stay in the files, since nothing vacuums
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
# What a test could change of a schema: relations, columns, constraints, triggers, sequences' state.
_SCHEMA = """
SELECT md5(string_agg(line, chr(10) ORDER BY line)) FROM (
  SELECT format('%s %s %s', relname, relkind, relnatts) AS line
    FROM pg_class WHERE relnamespace = 'public'::regnamespace
  UNION ALL
  SELECT format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
  UNION ALL
  SELECT format('%s %s %s', tgrelid::regclass, tgname, tgenabled) FROM pg_trigger WHERE NOT tgisinternal
  UNION ALL
  SELECT format('%s %s', sequencename, last_value) FROM pg_sequences
) AS lines"""
_OTHERS_END = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()"""


@dataclass
class _Template:
    """A database to copy: its tables, what is in them, and its schema in one hash."""

    name: str
    schema: str
    rows: dict[str, bytes]
    spare: list[Store] = field(default_factory=list)

    @property
    def filled(self) -> sql.Composed:
        """The query for the tables that have rows."""
        one = "SELECT {} WHERE EXISTS (SELECT FROM {})"
        parts = [sql.SQL(one).format(sql.Literal(t), sql.Identifier(t)) for t in self.rows]
        return sql.SQL(" UNION ALL ").join(parts)


class PostgresDatabases:
    """Gives out databases of a real PostgreSQL server of this process, copied from templates."""

    def __init__(self, uri: str, keyring: Keyring) -> None:
        self._uri = uri
        self._keyring = keyring
        self._templates: dict[bool, _Template] = {}
        self._template_of: dict[str, _Template] = {}
        self._uses: Counter[str] = Counter()
        # Nothing here outlives the tests. With these a run takes a third of the time: else the server
        # writes gigabytes to the disk before it stops.
        settings = ("fsync", "full_page_writes", "synchronous_commit", "autovacuum")
        self._run(*[sql.SQL(f"ALTER SYSTEM SET {name} = off") for name in settings])
        self._run(sql.SQL("SELECT pg_reload_conf()"))

    def _run(self, *statements: sql.SQL | sql.Composed) -> None:
        with psycopg.connect(self._uri, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def _create(self, name: str, template: str | None) -> None:
        copy = sql.SQL(" TEMPLATE {} STRATEGY FILE_COPY") if template else sql.SQL("")
        command = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        self._run(command + copy.format(sql.Identifier(template or "")))

    def _connect(self, name: str) -> psycopg.Connection:
        return psycopg.connect(self._uri.replace("/postgres?", f"/{name}?"), autocommit=True)

    def url(self, name: str) -> str:
        """Return the SQLAlchemy URL of a database."""
        return self._uri.replace("postgresql://", "postgresql+psycopg://").replace(
            "/postgres?", f"/{name}?"
        )

    def make(self, *, populated: bool) -> Store:
        """Return a store on a database of its own."""
        template = self._template(populated=populated)
        if template.spare:
            store = template.spare.pop()
        else:
            name = f"t_{uuid.uuid4().hex}"
            self._create(name, template.name)
            store = Store(self.url(name))
            self._template_of[store.url] = template
        self._uses[store.url] += 1
        return store

    def _template(self, *, populated: bool) -> _Template:
        if populated not in self._templates:
            self._templates[populated] = self._make_template(populated=populated)
        return self._templates[populated]

    def _make_template(self, *, populated: bool) -> _Template:
        name = f"template_{str(populated).lower()}"
        self._create(name, self._template(populated=False).name if populated else None)
        store = Store(self.url(name))
        if populated:
            populate(store, self._keyring)
        else:
            store.migrate()
        store.close()
        with self._connect(name) as connection:
            tables = [str(row[0]) for row in connection.execute(_TABLES)]
            rows = {table: _copied_out(connection, table) for table in tables}
            return _Template(name, _schema(connection), rows)

    def discard(self, store: Store) -> None:
        """Close a store and make its database fit for the next test, or drop it."""
        name = store.engine.url.database or ""
        store.close()
        template = self._template_of[store.url]
        if self._uses[store.url] < MOST_USES and self._cleaned(name, template):
            template.spare.append(store)
        else:
            self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _cleaned(self, name: str, template: _Template) -> bool:
        try:
            with self._connect(name) as connection:
                connection.execute(_OTHERS_END)
                if _schema(connection) != template.schema:
                    return False
                # No foreign key is looked at, so tables are emptied and filled in any order.
                connection.execute("SET session_replication_role = replica")
                for (table,) in connection.execute(template.filled).fetchall():
                    connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
                for table, rows in template.rows.items():
                    if len(rows) > _EMPTY_COPY:
                        _copy_in(connection, table, rows)
        except psycopg.Error:
            return False
        return True


_EMPTY_COPY = 21  # header and end of COPY's binary form, which is all there is of an empty table


def _schema(connection: psycopg.Connection) -> str:
    found = connection.execute(_SCHEMA).fetchone()
    return str(found[0]) if found else ""


def _copied_out(connection: psycopg.Connection, table: str) -> bytes:
    command = sql.SQL("COPY {} TO STDOUT (FORMAT binary)").format(sql.Identifier(table))
    with connection.cursor() as cursor, cursor.copy(command) as copy:
        return b"".join(bytes(part) for part in copy)


def _copy_in(connection: psycopg.Connection, table: str, rows: bytes) -> None:
    command = sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(sql.Identifier(table))
    with connection.cursor() as cursor, cursor.copy(command) as copy:
        copy.write(rows)
