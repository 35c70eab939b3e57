"""Which batteries the rows of an export are about, and whether their sender may write to them."""

from collections.abc import Mapping, Sequence

from passports.authority.responsibility import is_writer
from passports.dynamic.files import NAMING, RawRow
from passports.errors import Finding, IllegalTransitionError, InvalidInputError, shorten
from passports.identifiers import UniqueProductIdentifier, parse_digital_link
from passports.life.lifecycle import refuse_ended
from passports.store import PassportRow, Transaction

_NAMES = f"Give one of {', '.join(NAMING)}; a serial together with its model's gtin."


def find_batteries(
    transaction: Transaction, rows: Sequence[RawRow], actor_id: str, gtin: str | None
) -> tuple[dict[int, PassportRow], list[Finding]]:
    """Return the newest passport by line, and a finding for each line that names none to write to.

    Whether a passport is unknown or another operator's is told apart only where both are public.
    """
    found: dict[int, PassportRow] = {}
    findings: list[Finding] = []
    known = _Known(transaction, rows, gtin)
    refusals: dict[str, Finding | None] = {}
    for row in rows:
        battery = known.battery_of(row)
        if isinstance(battery, Finding):
            findings.append(battery)
            continue
        if battery.id not in refusals:
            refusals[battery.id] = _refusal(transaction, battery, actor_id)
        refusal = refusals[battery.id]
        if refusal is not None:
            findings.append(
                Finding(refusal.field, refusal.value, refusal.reason, refusal.remedy, row.line)
            )
            continue
        found[row.line] = battery
    return found, findings


class _Known:
    """The passports that the rows name, read a model at a time."""

    def __init__(self, transaction: Transaction, rows: Sequence[RawRow], gtin: str | None) -> None:
        self._transaction = transaction
        self._gtin = gtin
        self._by_id: dict[str, PassportRow | None] = {}
        self._identifiers = {row.line: self._identifier(row) for row in rows}
        self._by_identifier: dict[UniqueProductIdentifier, PassportRow] = {}
        wanted: dict[str, list[str]] = {}
        for identifier in self._identifiers.values():
            if isinstance(identifier, UniqueProductIdentifier):
                wanted.setdefault(identifier.gtin, []).append(identifier.serial)
        for of_gtin, serials in wanted.items():
            for row in transaction.passports.newest_of(of_gtin, list(dict.fromkeys(serials))):
                self._by_identifier[UniqueProductIdentifier(row.gtin, row.serial)] = row

    def _identifier(self, row: RawRow) -> UniqueProductIdentifier | Finding | None:
        """Return the identifier that a row gives, None where it gives a passport's, or what is wrong."""
        naming: Mapping[str, str] = row.naming
        if "passport_id" in naming:
            return None
        try:
            if "link" in naming:
                return parse_digital_link(naming["link"])
            model = naming.get("gtin", self._gtin)
            if "serial" in naming and model is not None:
                return UniqueProductIdentifier(model, naming["serial"])
        except InvalidInputError as error:
            wrong = error.findings[0]
            return Finding(wrong.field, wrong.value, wrong.reason, wrong.remedy, row.line)
        value = shorten(naming.get("serial", ""))
        return Finding("serial", value, "nothing says which battery it is", _NAMES, row.line)

    def battery_of(self, row: RawRow) -> PassportRow | Finding:
        """Return the newest passport that a row names."""
        identifier = self._identifiers[row.line]
        if isinstance(identifier, Finding):
            return identifier
        if identifier is not None:
            battery = self._by_identifier.get(identifier)
            field, value = "serial", identifier.serial
        else:
            field, value = "passport_id", row.naming["passport_id"]
            if value not in self._by_id:
                self._by_id[value] = self._transaction.passports.by_id(value)
            battery = self._by_id[value]
        if battery is None:
            reason, remedy = "no battery has such a passport here", "Check the identifier."
            return Finding(field, shorten(value), reason, remedy, row.line)
        return battery


def _refusal(transaction: Transaction, battery: PassportRow, actor_id: str) -> Finding | None:
    if not is_writer(transaction, battery, actor_id):
        reason = "this operator is not responsible for the passport"
        return Finding("serial", battery.serial, reason, "Use the key of the operator that is.")
    try:
        refuse_ended(battery)
    except IllegalTransitionError as error:
        return Finding("serial", battery.serial, error.findings[0].reason, "Leave it out.")
    return None
