"""Databases of a real PostgreSQL for tests: copied from templates once, then cleaned and used again.

To create a database takes PostgreSQL longer than most tests take. So a database that a test gives back
is emptied, filled as its template is, and given to the next, with the store on it, whose engine has
compiled its statements, and with its connections: at a new one the server begins by reading what
tables there are. One whose schema a test has changed, or that does not come clean, is dropped.
"""

import uuid
from dataclasses import dataclass, field

import psycopg
from psycopg import sql
from sqlalchemy import QueuePool, event

from passports.keyring import Keyring
from passports.store import Store
from tests.worlds import populate

MOST_USES = 60  # deleted rows stay in the files, since nothing vacuums
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
# What a test could change of a schema: relations, columns, constraints, triggers, sequences' state.
# A copy has the object identifiers of its template, which need not be looked up to be compared.
_SCHEMA = """
SELECT md5(string_agg(line, chr(10) ORDER BY line)) FROM (
  SELECT format('%s %s %s', relname, relkind, relnatts) AS line
    FROM pg_class WHERE relnamespace = 'public'::regnamespace
  UNION ALL
  SELECT format('%s %s %s %s %s', conrelid, conname, conkey, confkey, conbin)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
  UNION ALL
  SELECT format('%s %s %s', tgrelid, tgname, tgenabled) FROM pg_trigger WHERE NOT tgisinternal
  UNION ALL
  SELECT format('%s %s', sequencename, last_value) FROM pg_sequences
) AS lines"""
_OTHERS_END = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND NOT pid = ANY(%s)"""


@dataclass
class _Template:
    """A database to copy: its tables, what is in them, and its schema in one hash."""

    name: str
    schema: str
    rows: dict[str, bytes]
    spare: list["_Given"] = field(default_factory=list)

    @property
    def filled(self) -> sql.Composed:
        """The query for the tables that have rows."""
        one = "SELECT {} WHERE EXISTS (SELECT FROM {})"
        parts = [sql.SQL(one).format(sql.Literal(t), sql.Identifier(t)) for t in self.rows]
        return sql.SQL(" UNION ALL ").join(parts)


@dataclass
class _Given:
    """A copy of a template, the store on it, and the connection by which it is cleaned."""

    template: _Template
    store: Store
    connection: psycopg.Connection
    backends: set[int] = field(default_factory=set)
    uses: int = 0

    def __post_init__(self) -> None:
        event.listen(self.store.engine, "connect", self._connected)

    def _connected(self, connection: psycopg.Connection, _record: object) -> None:
        self.backends.add(connection.info.backend_pid)

    def rest(self) -> None:
        """Have no connection to the database but this one, and those of the store which nobody uses."""
        pool = self.store.engine.pool
        if not isinstance(pool, QueuePool) or pool.checkedout():
            self.store.close()
            self.backends.clear()
        self.connection.execute(_OTHERS_END, [list(self.backends)])

    def close(self) -> None:
        """Close all connections."""
        self.store.close()
        self.connection.close()


class PostgresDatabases:
    """Gives out databases of a real PostgreSQL server of this process, copied from templates."""

    def __init__(self, uri: str, keyring: Keyring) -> None:
        self._uri = uri
        self._keyring = keyring
        self._templates: dict[bool, _Template] = {}
        self._given: dict[str, _Given] = {}

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
        given = template.spare.pop() if template.spare else self._make_copy(template)
        given.uses += 1
        return given.store

    def _make_copy(self, template: _Template) -> _Given:
        name = f"t_{uuid.uuid4().hex}"
        self._create(name, template.name)
        given = _Given(template, Store(self.url(name)), self._connect(name))
        self._given[given.store.url] = given
        return given

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
        given = self._given[store.url]
        if given.uses < MOST_USES and _cleaned(given):
            given.template.spare.append(given)
            return
        self._given.pop(store.url).close()
        name = store.engine.url.database or ""
        self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def close(self) -> None:
        """Close all connections; databases go with their server."""
        for given in self._given.values():
            given.close()


_EMPTY_COPY = 21  # header and end of COPY's binary form, which is all there is of an empty table


def _cleaned(given: _Given) -> bool:
    connection, template = given.connection, given.template
    try:
        given.rest()
        if _schema(connection) != template.schema:
            return False
        # No foreign key is looked at, so tables are emptied and filled in any order.
        connection.execute("SET session_replication_role = replica")
        filled = connection.execute(template.filled).fetchall()
        emptied = [sql.SQL("DELETE FROM {}").format(sql.Identifier(table)) for (table,) in filled]
        connection.execute(sql.SQL("; ").join(emptied))
        for table, rows in template.rows.items():
            if len(rows) > _EMPTY_COPY:
                _copy_in(connection, table, rows)
    except psycopg.Error:
        return False
    return True


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
