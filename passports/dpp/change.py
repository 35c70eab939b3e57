"""Changing passports by EN 18222: parts of one (4.7), one element (6.3), and its end (4.8).

A change is a new version, signed and logged; all of it is taken or nothing. What belongs to the model or
the batch is changed there: a battery's passport does not change that of others. Header members may come
along as they were read, and are held against what they are now.
"""

from collections.abc import Mapping
from contextlib import suppress
from copy import deepcopy
from dataclasses import replace
from typing import Any, Final

from passports.attributes.data import checked_values
from passports.attributes.table import Granularity
from passports.documents import read_document
from passports.dpp.authoring import Authoring
from passports.dpp.data_elements import SINGLE, element_id_of
from passports.dpp.document import (
    HEADER,
    LAST_CHANGE,
    LINKS,
    DigitalProductPassport,
)
from passports.dpp.element_paths import ElementPath
from passports.dpp.identifiers import row_of_dpp
from passports.dpp.one_element import name_of
from passports.dpp.parts import read_parts, value_of
from passports.dpp.read import Reading
from passports.dpp.status import has_ceased
from passports.errors import (
    AccessDeniedError,
    Finding,
    IllegalTransitionError,
    InvalidInputError,
    RecordNotFoundError,
    shorten,
)
from passports.life.lifecycle import STATUS_ATTRIBUTE, current_status
from passports.life.merge_patch import apply_merge_patch
from passports.life.version_making import Making
from passports.life.versions import PassportChange, is_writer, new_version, new_version_in
from passports.operators import EconomicOperator
from passports.store import PassportRow, Transaction

_WASTE: Final = "waste"
_RECYCLED: Final = "recycled"


class Editing(Authoring):
    """Changing passports by their documents, in the name of an author."""

    @property
    def reading(self) -> Reading:
        """Reading as the same operator, in the same form."""
        return Reading(self.store, self.address, self.actor, self.representation, self.now)

    def update(self, dpp_id: str, patch: Mapping[str, Any]) -> dict[str, Any]:
        """UpdateDPPById (EN 18222, 4.7), as JSON Merge Patch (RFC 7396); returns the passport after it.

        Raises:
            InvalidInputError: a part is unknown, not to be changed here, or not of its type.
            AccessDeniedError: the operator is not responsible for the passport.
            IllegalTransitionError: the passport has ended, or has changed since it was read.
            RecordNotFoundError: there is no such passport.
        """
        parts = read_parts(patch, self.representation)
        row, dpp = self._current(dpp_id)
        _check_header(dpp, parts.header)
        known = dpp.values
        values = {
            name: apply_merge_patch(known.get(name), value)
            for name, value in parts.elements.items()
        }
        changed = {n: v for n, v in values.items() if not _is_same(known.get(n), v)}
        self._write(row, changed)
        return self.reading.by_id(dpp_id)

    def update_element(
        self, dpp_id: str, path_text: str, element: Mapping[str, Any], *, in_place: bool
    ) -> dict[str, Any]:
        """UpdateDataElement (6.3): merge into one element, or put another in place; returns it as it is then.

        Raises:
            InvalidInputError: the path names no element that could be changed, or the value is not of
                its type.
            AccessDeniedError: the operator is not responsible for the passport.
            IllegalTransitionError: the passport has ended.
            RecordNotFoundError: there is no such passport, or nothing at the path to change.
        """
        path = ElementPath(path_text)
        parts = _changeable(path)
        given = _value_in(element, parts)
        row, dpp = self._current(dpp_id)
        name = str(parts[0])
        before = dpp.values.get(name)
        after = _placed(before, path, given, in_place=in_place)
        if not _is_same(before, after):
            self._write(row, {name: after})
        try:
            return self.reading.element(dpp_id, path_text)
        except (RecordNotFoundError, AccessDeniedError):  # taken away, or not for its writer to see
            return {"elementId": name_of(parts)}

    def delete(self, dpp_id: str) -> None:
        """DeleteDPPById (4.8): the battery was recycled, and its passport ceases (Art. 77(8)).

        Nothing is erased: a tombstone remains, earlier versions stay archived. A battery that was not
        said to be waste is said to be so first. A passport that has ceased stays as it is.

        Raises:
            AccessDeniedError: the operator is not responsible for the passport.
            IllegalTransitionError: the passport was revoked, or another stands in its place.
            RecordNotFoundError: there is no such passport.
        """
        with self.store.transaction() as transaction:
            row = row_of_dpp(transaction, dpp_id)
            transaction.operators.lock(row.operator_id)
            row = row_of_dpp(transaction, dpp_id)
            store_of = (transaction, self.keyring, self.address)
            making = Making(*store_of, self.actor, self.now, self.acting_id)
            status = current_status(transaction, row.operator_id, row.id)
            if has_ceased(row):
                check_writer(transaction, row, self.actor)
                return
            for after in (_WASTE, _RECYCLED):
                if status != after:
                    change = PassportChange(reason=self.reason, life_cycle_status=after)
                    new_version_in(making, row.id, change)

    def _current(self, dpp_id: str) -> tuple[PassportRow, DigitalProductPassport]:
        with self.store.reading() as reading:
            row = row_of_dpp(reading, dpp_id)
            check_writer(reading, row, self.actor)
            return row, self.reading.seen(reading, row)[1]

    def _write(self, row: PassportRow, changed: Mapping[str, Any]) -> None:
        values = _checked(changed)
        said: dict[str, Any] = {"reason": self.reason, "expected_version": row.version}
        if STATUS_ATTRIBUTE in values:
            said["life_cycle_status"] = values.pop(STATUS_ATTRIBUTE)
        change = read_document(PassportChange, {**said, "values": values}, "the change")
        where = (self.store, self.keyring, self.address)
        new_version(*where, self.actor.id, row.id, change, self.now, acting_id=self.acting_id)


def check_writer(transaction: Transaction, row: PassportRow, actor: EconomicOperator) -> None:
    """Let an operator pass that may change a passport.

    Raises:
        AccessDeniedError: it is not responsible for it, and did not issue it for who is.
    """
    if not is_writer(transaction, row, actor.id):
        reason = "this operator is not responsible for the passport"
        finding = Finding("Authorization", actor.id, reason, "Use the key of the operator that is.")
        raise AccessDeniedError("Only who is responsible for a passport changes it.", [finding])


def _check_header(dpp: DigitalProductPassport, header: Mapping[str, Any]) -> None:
    findings = []
    for name, value in header.items():
        if _is_same(dpp.header.get(name), value):
            continue
        if name in LAST_CHANGE:
            reason = f"the passport was last changed at {dpp.header[name]}"
            remedy = "Read it anew, and make the change for what it says now; or leave this out."
            raise IllegalTransitionError(name, shorten(value), reason, remedy)
        findings.append(Finding(name, shorten(value), "it does not change like this", _HOW[name]))
    if findings:
        raise InvalidInputError(findings, "the passport")


_FIXED: Final = "It is fixed when the passport is issued; leave it out."
# How what a header says changes, where it does.
_HOW: Final[Mapping[str, str]] = {
    **dict.fromkeys(HEADER, _FIXED),
    "dppStatus": "DELETE ends a passport; it is revoked with its issuer's key.",
    "economicOperatorId": "Responsibility is handed over by one operator and taken by the other.",
}


def _checked(changed: Mapping[str, Any]) -> dict[str, Any]:
    """Return values that a battery's own attributes take.

    Raises:
        InvalidInputError: with a finding for each that is not; by its name in the passport.
    """
    linked = [name for name in LINKS if name in changed]
    if linked:
        reason = "it follows from the life of the battery"
        remedy = "Say that the battery has a new passport with POST /v1/passports/{id}/life-cycle."
        findings = [Finding(name, "", reason, remedy) for name in linked]
        raise InvalidInputError(findings, "the passport")
    if changed.get(STATUS_ATTRIBUTE, "") is None:
        reason, remedy = "a battery always has a status", "Say which it has now."
        finding = Finding(STATUS_ATTRIBUTE, "", reason, remedy)
        raise InvalidInputError([finding], "the passport")
    try:
        return checked_values(changed, Granularity.ITEM, may_remove=True)
    except InvalidInputError as error:
        named = [replace(f, field=_name_of(f)) for f in error.findings]
        raise InvalidInputError(named, "the passport") from None


def _name_of(finding: Finding) -> str:
    return finding.value if finding.field == "values" else finding.field.removeprefix("values.")


def _is_same(one: object, other: object) -> bool:
    # True and 1 are equal in Python, and not in JSON.
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _changeable(path: ElementPath) -> tuple[str | int, ...]:
    """Return the way to the one element that a path names, by the names of elements.

    Raises:
        InvalidInputError: it searches, or names what is no element of its own.
    """
    reason = None
    if not path.is_singular:
        reason = "a change needs a path of names and places only"
    elif path.first_name is None or path.first_name == "elements":
        reason = "a change names its element, whatever the representation"
    elif path.first_name in HEADER:
        reason = "it is of the passport's header"
    if reason is not None:
        remedy = "Write it as $.cycle_count."
        finding = Finding("elementIdPath", shorten(path.text), reason, remedy)
        raise InvalidInputError([finding], "the path")
    return path.parts


def _value_in(element: Mapping[str, Any], parts: tuple[str | int, ...]) -> Any:  # noqa: ANN401 # any JSON
    """Return the plain value that a data element has for the element at a place.

    Raises:
        InvalidInputError: it is another element, or has no value.
    """
    name = name_of(parts)
    if element_id_of(element, "element") != name:
        reason = f"the path names {name}"
        given = shorten(element["elementId"])
        finding = Finding("elementId", given, reason, "Give the element that the path names.")
        raise InvalidInputError([finding], "the data element")
    attribute_id = name if len(parts) == 1 else ""
    if "objectType" in element:
        return value_of(element, attribute_id, name)
    return value_of({**element, "objectType": SINGLE}, attribute_id, name)


def _placed(before: Any, path: ElementPath, given: Any, *, in_place: bool) -> Any:  # noqa: ANN401 # any JSON
    """Return an attribute's value with something put at a place within it."""
    if len(path.parts) == 1:
        return given if in_place else apply_merge_patch(before, given)
    whole = {path.parts[0]: deepcopy(before)}
    node: Any = whole
    for part in path.parts[:-1]:
        node = _child(node, part, path)
    last = path.parts[-1]
    if isinstance(node, list) or given is None:
        _child(node, last, path)
    elif not isinstance(node, dict) or isinstance(last, int):
        raise RecordNotFoundError("data element", path.text, _NOTHING_THERE)
    if given is None:
        del node[last]
    else:
        node[last] = given if in_place else apply_merge_patch(_peek(node, last), given)
    return whole[path.parts[0]]


_NOTHING_THERE: Final = "Read the element first; name a part that it has."


def _peek(node: Any, part: str | int) -> Any:  # noqa: ANN401 # any JSON
    return node.get(part) if isinstance(node, dict) else node[part]


def _child(node: Any, part: str | int, path: ElementPath) -> Any:  # noqa: ANN401 # any JSON
    fits = isinstance(node, dict if isinstance(part, str) else list)
    if fits:
        with suppress(KeyError, IndexError):  # what is not there is told below
            return node[part]
    raise RecordNotFoundError("data element", path.text, _NOTHING_THERE)
