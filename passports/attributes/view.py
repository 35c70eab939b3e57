"""Views of attributes: what a model, a batch or a battery says, merged, and from where each value comes.

A *sheet* is everything that is known of a subject. It never leaves the package: a *view* is what of a
sheet `access.may_read` lets one reader see, and a view of restricted data is in the access log first.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from passports.access import Access, access_to, is_restricted, may_read, refuse
from passports.access_log import record_read
from passports.attributes.sources import SOURCES, Facts
from passports.attributes.table import (
    DEFAULT_PROFILE,
    Attribute,
    Granularity,
    Profile,
    attributes,
    get_profile,
    with_unit,
)
from passports.attributes.versions import AttributeVersion, Subject, newest_version, read_version
from passports.credential import model_claims, operator_claims
from passports.errors import RecordNotFoundError
from passports.models import get_model
from passports.operators import EconomicOperator, get_operator
from passports.restricted import CLAIM
from passports.store import PassportRow, Store, Transaction
from signing.credentials import decode
from signing.selective_disclosure import release


@dataclass(frozen=True)
class Element:
    """One value with where it comes from: `by` is None for what the signed passport or a record says."""

    attribute: Attribute
    value: Any
    by: str | None = None
    at: str | None = None
    version: int | None = None


@dataclass(frozen=True)
class Sheet:
    """Everything that is known of a subject, before anybody is asked who wants to see it."""

    subject: Subject
    model_id: str
    batch_id: str | None
    category: str
    profile: Profile
    elements: tuple[Element, ...]
    has_ceased: bool = False


def _recorded(facts: Facts, levels: set[Granularity]) -> Iterator[Element]:
    for attribute in attributes().values():
        if attribute.record and attribute.granularity in levels:
            value = SOURCES[attribute.record](facts)
            if value is not None:
                yield Element(attribute, value)


def _given(version: AttributeVersion | None) -> Iterator[Element]:
    for name, given in version.values.items() if version is not None else ():
        yield Element(attributes()[name], given.value, given.by, given.at, given.version)


def _in_order(elements: list[Element]) -> tuple[Element, ...]:
    places = {name: place for place, name in enumerate(attributes())}
    return tuple(sorted(elements, key=lambda element: places[element.attribute.id]))


def _category_of(facts: Facts) -> str:
    return str(SOURCES["battery_category"](facts))


def model_sheet(
    transaction: Transaction, operator_id: str, model_id: str, profile_id: str = DEFAULT_PROFILE
) -> Sheet:
    """Return what is known of a model; no passport is needed for it.

    Raises:
        RecordNotFoundError: there is no such model or profile.
    """
    model = get_model(transaction, operator_id, model_id)
    manufacturer = operator_claims(get_operator(transaction, operator_id))
    facts = {"model": model_claims(model), "manufacturer": manufacturer}
    subject = Subject(Granularity.MODEL, operator_id, model_id)
    elements = [
        *_recorded(facts, {Granularity.MODEL}),
        *_given(newest_version(transaction, subject)),
    ]
    return Sheet(
        subject,
        model_id,
        None,
        _category_of(facts),
        get_profile(profile_id),
        _in_order(elements),
    )


def batch_sheet(transaction: Transaction, operator_id: str, batch_id: str) -> Sheet:
    """Return what is known of an issued batch.

    Raises:
        RecordNotFoundError: there is no such batch.
    """
    row = next(iter(transaction.passports.of_batch(operator_id, batch_id)), None)
    if row is None:
        raise RecordNotFoundError("batch", batch_id)
    facts = _facts(row)
    subject = Subject(Granularity.BATCH, operator_id, batch_id)
    elements = [
        *_recorded(facts, {Granularity.BATCH}),
        *_given(newest_version(transaction, subject)),
    ]
    return Sheet(
        subject,
        facts["model"]["id"],
        batch_id,
        _category_of(facts),
        get_profile(facts["profile"]),
        _in_order(elements),
    )


def passport_sheet(transaction: Transaction, passport_id: str) -> Sheet:
    """Return what is known of a battery: its own data, its batch's and its model's, merged.

    Raises:
        RecordNotFoundError: there is no such passport.
    """
    row = transaction.passports.by_id(passport_id)
    if row is None:
        raise RecordNotFoundError("passport", passport_id)
    return sheet_of_row(transaction, row)


def sheet_of_row(transaction: Transaction, row: PassportRow, at: datetime | None = None) -> Sheet:
    """Return what one version of a passport and the data beside it say, now or at an instant."""
    facts = _facts(row)
    model_id = str(facts["model"]["id"])
    subjects = (
        Subject(Granularity.MODEL, row.operator_id, model_id),
        Subject(Granularity.BATCH, row.operator_id, row.batch_id),
        Subject(Granularity.ITEM, row.operator_id, row.id),
    )
    elements = list(_recorded(facts, set(Granularity)))
    # Of a passport that ceased to exist only the tombstone is left to read (Art. 77(8)).
    for subject in () if "ceased" in facts else subjects:
        elements += _given(newest_version(transaction, subject, at))
    return Sheet(
        subjects[-1],
        model_id,
        row.batch_id,
        _category_of(facts),
        get_profile(facts["profile"]),
        _in_order(elements),
        has_ceased="ceased" in facts,
    )


def _facts(row: PassportRow) -> dict[str, Any]:
    payload: dict[str, Any] = dict(decode(row.credential).payload)
    return {**payload["credentialSubject"], "passportId": payload["id"]}


def is_readable(access: Access, sheet: Sheet, attribute: Attribute, by: str | None) -> bool:
    """Tell whether a reader may see an attribute of a sheet that somebody wrote, or the passport says."""
    is_shown = sheet.profile.shows(attribute.id, sheet.category)
    return may_read(access, attribute, by, is_shown=is_shown)


@dataclass(frozen=True)
class Visible:
    """What of a sheet one reader may see. Before any of it goes out, `note_read` has to be told."""

    sheet: Sheet
    access: Access
    elements: tuple[Element, ...]

    def may_read(self, attribute: Attribute) -> bool:
        """Tell whether the reader may see an attribute here, whether or not there is a value of it."""
        return is_readable(self.access, self.sheet, attribute, self.sheet.subject.operator_id)


def visible(
    transaction: Transaction,
    reader: EconomicOperator | None,
    sheet: Sheet,
    now: datetime,
    newest: PassportRow | None = None,
) -> Visible:
    """Return what of a sheet a reader may see; `newest` as `access_to` takes it."""
    access = access_to(transaction, reader, sheet.subject, sheet.model_id, now, newest)
    shown = (e for e in sheet.elements if is_readable(access, sheet, e.attribute, e.by))
    return Visible(sheet, access, tuple(shown))


def note_read(
    store: Store, seen: Visible, elements: Iterable[Element], form: str, now: datetime
) -> None:
    """Write into the access log which restricted elements are about to go out, if any."""
    restricted = [e.attribute.id for e in elements if is_restricted(e.attribute)]
    if restricted:
        record_read(store, seen.access, seen.sheet.subject, restricted, form, now)


def view(
    store: Store,
    reader: EconomicOperator | None,
    build: Callable[[Transaction], Sheet],
    now: datetime,
) -> dict[str, Any]:
    """Return what of a sheet a reader may see, as plain JSON data; restricted reads are logged first.

    Raises:
        RecordNotFoundError: there is no such subject.
    """
    with store.reading() as reading:
        sheet = build(reading)
        seen = visible(reading, reader, sheet, now)
    note_read(store, seen, seen.elements, "json", now)
    return {
        "level": sheet.subject.level.value,
        "id": sheet.subject.id,
        "operator": sheet.subject.operator_id,
        "model": sheet.model_id,
        "batch": sheet.batch_id,
        "category": sheet.category,
        "profile": sheet.profile.id,
        "audiences": seen.access.names,
        "attributes": {e.attribute.id: _shown(e) for e in seen.elements},
    }


def _shown(element: Element) -> dict[str, Any]:
    attribute = element.attribute
    document = {
        **with_unit(attribute.id, element.value),
        "title": attribute.title,
        "from": attribute.granularity.value,
        "source": "record" if element.by is None else "given",
    }
    if element.by is not None:
        document |= {"version": element.version, "written_at": element.at}
    return document


def restricted_presentation(
    store: Store,
    reader: EconomicOperator | None,
    build: Callable[[Transaction], Sheet],
    level: Granularity,
    now: datetime,
) -> bytes:
    """Return the restricted credential of a model or battery with the reader's disclosures only.

    For a battery's sheet `level` chooses between its own credential and its model's.

    Raises:
        NotAuthenticatedError: the public asks.
        AccessDeniedError: the reader belongs to no audience that sees anything of it.
        RecordNotFoundError: there is no such subject, or nothing restricted was ever written.
    """
    with store.reading() as reading:
        sheet = build(reading)
        owner = sheet.subject.operator_id
        access = access_to(reading, reader, sheet.subject, sheet.model_id, now)
        restricted = [
            a for a in attributes().values() if a.granularity is level and is_restricted(a)
        ]
        # Who is responsible for a battery can have written any of it, as its issuer can.
        writer = access.reader_id if level is Granularity.ITEM else owner
        if not any(is_readable(access, sheet, a, writer) for a in restricted):
            refuse(access, f"Restricted data of the {level.value}")
        if sheet.has_ceased:
            remedy = "The passport has ceased to exist (Art. 77(8))."
            raise RecordNotFoundError("restricted credential", sheet.subject.id, remedy)
        subject = _subject_at(sheet, level)
        row = reading.restricted_credentials.newest(owner, level.value, subject.id)
        if row is None:
            remedy = "Nothing restricted was recorded yet."
            raise RecordNotFoundError("restricted credential", subject.id, remedy)
        written = reading.attribute_versions.get(owner, level.value, subject.id, row.version)
    writers = read_version(written).values if written is not None else {}
    released: list[str] = []

    def is_allowed(path: tuple[str, ...]) -> bool:
        if len(path) != 2 or path[0] != CLAIM:  # noqa: PLR2004 # ("attributes", identifier)
            return False
        attribute, given = attributes().get(path[1]), writers.get(path[1])
        if attribute is None or given is None:
            return False
        if not is_readable(access, sheet, attribute, given.by):
            return False
        released.append(attribute.id)
        return True

    presentation = release(row.credential, is_allowed)
    record_read(store, access, subject, released, "sd-jwt", now)
    return presentation


def _subject_at(sheet: Sheet, level: Granularity) -> Subject:
    identifier = sheet.model_id if level is Granularity.MODEL else sheet.subject.id
    return Subject(level, sheet.subject.operator_id, identifier)
