"""Dynamic data of batteries: state of health, cycles, negative events, temperatures (Annex XIII, 4(b), (d)).

Append-only, each value with the time of its measurement. What was measured last is the battery's
attribute from then on, so that views, grants, the access log and the restricted credential know it like
any other; the series stays beside it. The same values again are nothing new.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final

import orjson
from pydantic import Field

from passports.attributes.data import Writing, write_unsigned
from passports.attributes.table import Granularity
from passports.attributes.versions import AttributeVersion, Subject, newest_version
from passports.documents import Document
from passports.dynamic.files import MEASURED_AT, WHAT, RawRow, read_rows, shown
from passports.dynamic.rules import (
    RUNS_BACK,
    Reading,
    as_given,
    directions,
    is_list,
    read_readings,
    runs_back,
)
from passports.dynamic.subjects import find_batteries
from passports.errors import Finding, InvalidInputError
from passports.identifiers import PublicAddress
from passports.keyring import Keyring
from passports.life.version_making import payload_of
from passports.restricted import sign_all_restricted
from passports.store import (
    DynamicImportRow,
    DynamicRecordRow,
    PassportRow,
    Store,
    Transaction,
)

Progress = Callable[[int, int], None]
MAX_FINDINGS: Final = 1000
MAX_READINGS: Final = 1000
_REASON: Final = "measured values"
_Pair = tuple[str, str]


class MeasurementCreate(Document):
    """What was measured at one instant: values by attribute."""

    measured_at: Annotated[str, Field(max_length=64)]
    values: Annotated[dict[str, Any], Field(min_length=1, max_length=100)]


class DynamicDataCreate(Document):
    """Measured values of one battery."""

    readings: Annotated[list[MeasurementCreate], Field(min_length=1, max_length=MAX_READINGS)]


@dataclass
class DynamicDataReport:
    """What became of measured values.

    Attributes:
        rows: Rows that were read.
        recorded: Values that are new.
        duplicates: Values that were there already.
        out_of_order: Values that were measured before others that had come in.
        flagged: Values that are there, but run where such values do not run.
        refused: What was left out (`partial`).
        passports: Batteries with new values.
        repeated: Whether exactly this file had been taken in before.
    """

    rows: int = 0
    recorded: int = 0
    duplicates: int = 0
    out_of_order: int = 0
    flagged: list[Finding] = field(default_factory=list)
    refused: list[Finding] = field(default_factory=list)
    passports: int = 0
    repeated: bool = False

    def to_document(self) -> dict[str, Any]:
        """Return it as plain JSON data; no value that was taken stands in it."""
        return {
            "rows": self.rows,
            "recorded": self.recorded,
            "duplicates": self.duplicates,
            "out_of_order": self.out_of_order,
            "flagged": [finding.to_document() for finding in self.flagged[:MAX_FINDINGS]],
            "refused": [finding.to_document() for finding in self.refused[:MAX_FINDINGS]],
            "passports": self.passports,
            "repeated": self.repeated,
        }


@dataclass(frozen=True)
class Recording:
    """Who sends measured values, when, and how they are treated.

    Attributes:
        actor_id: The operator that sends them.
        now: The instant.
        partial: Whether good rows are taken although others are refused.
        gtin: The model, for rows that give a serial alone.
        acting_id: Who acts for the actor by its written authorisation.
        progress: Told how many batteries are done, of how many.
    """

    actor_id: str
    now: datetime
    partial: bool = False
    gtin: str | None = None
    acting_id: str | None = None
    progress: Progress = lambda _done, _all: None


def import_dynamic_data(
    store: Store, keyring: Keyring, address: PublicAddress, data: bytes, recording: Recording
) -> DynamicDataReport:
    """Take in an export of a battery management system; the same file again changes nothing.

    Raises:
        InvalidInputError: it cannot be read, or, unless `partial`, a row is refused: with every finding.
        KeyUnavailableError: an operator's signing key cannot be opened; nothing is written.
    """
    digest = hashlib.sha256(data).hexdigest()
    with store.transaction() as transaction:
        transaction.operators.lock(recording.actor_id)
        known = transaction.dynamic_imports.get(recording.actor_id, digest)
        if known is not None:
            rows = orjson.loads(known.report)["rows"]
            return DynamicDataReport(rows=rows, repeated=True)
        rows_of_file = list(read_rows(data))
        taking = _Taking(transaction, keyring, address, recording, digest)
        report = taking.take(rows_of_file)
        if not report.refused:
            transaction.dynamic_imports.add(
                DynamicImportRow(
                    operator_id=recording.actor_id,
                    sha256=digest,
                    received_at=recording.now,
                    report=orjson.dumps(report.to_document()),
                )
            )
    return report


def record_dynamic_data(
    store: Store,
    keyring: Keyring,
    address: PublicAddress,
    passport_id: str,
    request: DynamicDataCreate,
    recording: Recording,
) -> DynamicDataReport:
    """Take in measured values of one battery.

    Raises:
        InvalidInputError: a value is refused; nothing is recorded.
        KeyUnavailableError: the operator's signing key cannot be opened; nothing is written.
    """
    rows = [
        RawRow(number, {"passport_id": passport_id}, reading.measured_at, reading.values)
        for number, reading in enumerate(request.readings, start=1)
    ]
    # In ASCII: a value can hold what no encoding has (a lone surrogate), and is refused further on.
    sent = json.dumps(request.model_dump(mode="json"))
    digest = hashlib.sha256(sent.encode()).hexdigest()
    with store.transaction() as transaction:
        return _Taking(transaction, keyring, address, recording, digest).take(rows)


@dataclass
class _Taking:
    """Taking in rows, in one transaction."""

    transaction: Transaction
    keyring: Keyring
    address: PublicAddress
    recording: Recording
    source_sha256: str
    report: DynamicDataReport = field(default_factory=DynamicDataReport)

    def take(self, rows: Sequence[RawRow]) -> DynamicDataReport:
        """Hold all rows against the rules, then record what is new of them."""
        report, recording = self.report, self.recording
        report.rows = len(rows)
        batteries, findings = find_batteries(
            self.transaction, rows, recording.actor_id, recording.gtin
        )
        report.refused += findings
        for operator_id in sorted({row.operator_id for row in batteries.values()}):
            self.transaction.operators.lock(operator_id)
        placed = list(self._placed(rows, batteries))
        by_operator: dict[str, list[_Placed]] = defaultdict(list)
        for item in placed:
            by_operator[item.battery.operator_id].append(item)
        new = [item for part in by_operator.values() for item in self._new(part)]
        for found in (report.refused, report.flagged):
            found.sort(key=lambda finding: finding.line or 0)
        if report.refused and not recording.partial:
            raise InvalidInputError(report.refused[:MAX_FINDINGS], WHAT)
        self._store(new)
        self._show(new)
        return report

    def _placed(
        self, rows: Iterable[RawRow], batteries: Mapping[int, PassportRow]
    ) -> Iterable["_Placed"]:
        made_on = {
            battery.id: _made_on(battery)
            for battery in {b.id: b for b in batteries.values()}.values()
        }
        for row in rows:
            readings, findings = read_readings(row, self.recording.now)
            battery = batteries.get(row.line)
            first_day = made_on[battery.id] if battery is not None else ""
            if readings and readings[0].measured_at.date().isoformat() < first_day:
                reason = "it was measured before the battery was made"
                given, remedy = shown(row.measured_at), "Check the clock."
                findings = [Finding(MEASURED_AT, given, reason, remedy, row.line)]
                readings = []
            self.report.refused += findings
            if battery is not None:
                yield from (_Placed(row.line, battery, reading) for reading in readings)

    def _new(self, items: Sequence["_Placed"]) -> list["_Placed"]:
        """Return what is not there yet; count the rest, and flag what runs back."""
        operator_id = items[0].battery.operator_id
        records = self.transaction.dynamic_records
        pairs = list(dict.fromkeys(item.pair for item in items))
        stored = {
            (row.passport_id, row.attribute_id): row
            for row in records.newest_of(operator_id, pairs)
        }
        newest = {pair: row.measured_at for pair, row in stored.items()}
        latest = dict(newest)
        keys = [(*item.pair, item.reading.measured_at) for item in items]
        known = {
            (row.passport_id, row.attribute_id, row.measured_at): (
                row.actor_id,
                orjson.loads(row.value),
            )
            for row in records.present(operator_id, keys)
        }
        new: list[_Placed] = []
        for key, item in zip(keys, items, strict=True):
            if key in known:
                self._again(item, *known[key])
                continue
            known[key] = self.recording.actor_id, item.reading.value
            if item.pair in latest and item.reading.measured_at < latest[item.pair]:
                self.report.out_of_order += 1
            else:
                latest[item.pair] = item.reading.measured_at
            item.is_newest = item.pair not in newest or item.reading.measured_at > newest[item.pair]
            new.append(item)
        self._flag(new, stored)
        return new

    def _again(self, item: "_Placed", actor_id: str, value: object) -> None:
        """Count the same value again; refuse what another recorded, without saying what it is."""
        is_own = actor_id == self.recording.actor_id
        if is_own and value == item.reading.value:
            self.report.duplicates += 1
            return
        reason = "another value was measured at the same instant"
        if not is_own:
            reason = "another operator has recorded a value of the same instant"
        remedy = "What was recorded stays; send a later measurement."
        name, given = item.reading.attribute.id, shown(item.reading.value)
        self.report.refused.append(Finding(name, given, reason, remedy, item.line))

    def _flag(self, new: Sequence["_Placed"], stored: Mapping[_Pair, DynamicRecordRow]) -> None:
        by_pair: dict[_Pair, list[_Placed]] = defaultdict(list)
        for item in new:
            if item.reading.attribute.id in directions():
                by_pair[item.pair].append(item)
        for items in by_pair.values():
            items.sort(key=lambda item: item.reading.measured_at)
            for place, item in enumerate(items):
                inside = items[place - 1] if place else None
                if self._runs_back(item, inside, stored.get(item.pair)):
                    item.flags = RUNS_BACK
                    name = item.reading.attribute.id
                    reason = f"{directions()[name][1]}, and this value says so"
                    remedy = "Recorded all the same; check whether a part was exchanged."
                    self.report.flagged.append(Finding(name, "", reason, remedy, item.line))

    def _runs_back(
        self, item: "_Placed", inside: "_Placed | None", newest: DynamicRecordRow | None
    ) -> bool:
        battery, reading, actor_id = item.battery, item.reading, self.recording.actor_id
        name = reading.attribute.id
        if item.is_newest and (newest is None or newest.actor_id == actor_id):
            stored_before, stored_after = newest, None  # nearly always: it is known already
        else:  # beside the sender's own: a flag would tell of what another has measured
            stored_before, stored_after = self.transaction.dynamic_records.beside(
                battery.operator_id, battery.id, name, reading.measured_at, actor_id
            )
        earlier = orjson.loads(stored_before.value) if stored_before is not None else None
        if inside is not None and (
            stored_before is None or inside.reading.measured_at > stored_before.measured_at
        ):
            earlier = inside.reading.value
        later = orjson.loads(stored_after.value) if stored_after is not None else None
        return runs_back(name, earlier, reading.value) or runs_back(name, reading.value, later)

    def _store(self, new: Sequence["_Placed"]) -> None:
        self.report.recorded = len(new)
        self.transaction.dynamic_records.add_many(
            [
                {
                    "operator_id": item.battery.operator_id,
                    "passport_id": item.battery.id,
                    "attribute_id": item.reading.attribute.id,
                    "measured_at": item.reading.measured_at,
                    "received_at": self.recording.now,
                    "actor_id": self.recording.actor_id,
                    "source_sha256": self.source_sha256,
                    "value": orjson.dumps(item.reading.value),
                    "flags": item.flags,
                }
                for item in new
            ]
        )

    def _show(self, new: Sequence["_Placed"]) -> None:
        """Let each battery's attributes, and its restricted credential, say what was measured last."""
        by_battery: dict[str, list[_Placed]] = defaultdict(list)
        for item in new:
            by_battery[item.battery.id].append(item)
        self.report.passports = len(by_battery)
        versions: list[AttributeVersion] = []
        for done, items in enumerate(by_battery.values(), start=1):
            battery = items[0].battery
            subject = Subject(Granularity.ITEM, battery.operator_id, battery.id)
            version = newest_version(self.transaction, subject)
            before = {n: v.value for n, v in version.values.items()} if version is not None else {}
            writing = Writing(
                self.recording.actor_id, _REASON, self.recording.now, self.recording.acting_id
            )
            written = write_unsigned(
                self.transaction, subject, _values(items, before), writing, replace=False
            )
            versions += [written] if written is not None else []
            self.recording.progress(done, len(by_battery))
        sign_all_restricted(self.transaction, self.keyring, self.address, versions)


@dataclass
class _Placed:
    """A reading with the row and the battery that it belongs to."""

    line: int
    battery: PassportRow
    reading: Reading
    is_newest: bool = True
    flags: str = ""

    @property
    def pair(self) -> _Pair:
        """Battery and attribute."""
        return self.battery.id, self.reading.attribute.id


def _made_on(battery: PassportRow) -> str:
    return str(payload_of(battery)["credentialSubject"]["manufacturedOn"])


def _values(items: Iterable[_Placed], before: Mapping[str, Any]) -> dict[str, Any]:
    readings: dict[str, list[Reading]] = defaultdict(list)
    for item in items:
        if item.is_newest or is_list(item.reading.attribute):
            readings[item.reading.attribute.id].append(item.reading)
    values = {}
    for name, found in readings.items():
        found.sort(key=lambda reading: reading.measured_at)
        values[name] = as_given(found[0].attribute, found, before.get(name))
    return values
