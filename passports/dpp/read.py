"""Reading passports by EN 18222: by identifier, by product, as they stood at a time, and by element.

Which elements a reader sees is decided where it is for everything (`access.may_read`); a read of
restricted ones is in the access log before they go out.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from passports.access import refuse
from passports.attributes.table import attributes
from passports.attributes.view import Visible, note_read, sheet_of_row, visible
from passports.dpp.document import DigitalProductPassport, Representation, compose
from passports.dpp.element_paths import ElementPath
from passports.dpp.identifiers import row_of_dpp, row_of_product
from passports.dpp.last_change import last_change
from passports.dpp.one_element import find_element
from passports.dpp.status import has_ceased, status_of
from passports.errors import Finding, InvalidInputError, RecordNotFoundError
from passports.identifiers import PublicAddress
from passports.life.after_cessation import require_accountable
from passports.operators import EconomicOperator
from passports.store import PassportRow, Store, Transaction
from signing.instants import format_instant

FORM: Final = "en-18222"


@dataclass(frozen=True)
class Reading:
    """Who reads passports of which server, in which form, and when."""

    store: Store
    address: PublicAddress
    reader: EconomicOperator | None
    representation: Representation
    now: datetime

    def by_id(self, dpp_id: str) -> dict[str, Any]:
        """ReadDPPById (EN 18222, 4.2): the newest version.

        Raises:
            RecordNotFoundError: there is no such passport.
        """
        with self.store.reading() as reading:
            found = self.seen(reading, row_of_dpp(reading, dpp_id))
        return self._told(*found)

    def by_product(self, product_id: str) -> dict[str, Any]:
        """ReadDPPByProductId (4.3): the newest version of the passport of a battery.

        Raises:
            InvalidInputError: the identifier is no GS1 Digital Link of a battery.
            RecordNotFoundError: the battery has no passport here.
        """
        with self.store.reading() as reading:
            found = self.seen(reading, row_of_product(reading, product_id, "productId"))
        return self._told(*found)

    def by_date(self, dpp_id: str, at: datetime) -> dict[str, Any]:
        """ReadDPPVersionByIdAndDate (4.4): the version that was the newest at an instant.

        Raises:
            InvalidInputError: the instant lies in the future.
            RecordNotFoundError: there is no such passport, or there was none yet.
            PassportCeasedError: it has ceased to exist, and the reader does not answer for it.
        """
        if at > self.now:
            reason = "it lies in the future, and nobody knows which version will hold then"
            finding = Finding("date", format_instant(at), reason, "Give a time that has passed.")
            raise InvalidInputError([finding], "the date")
        with self.store.reading() as reading:
            newest = row_of_dpp(reading, dpp_id)
            row = reading.passport_versions.at(newest.id, at)
            if row is None:
                wanted, remedy = format_instant(at), "Ask for a later time."
                reason = "there was no version of this passport yet"
                raise RecordNotFoundError("version", wanted, remedy, field="date", reason=reason)
            if has_ceased(newest) and not has_ceased(row):
                require_accountable(reading, self.reader, newest.id)
            found = self.seen(reading, row, at)
        return self._told(*found)

    def element(self, dpp_id: str, path_text: str) -> dict[str, Any]:
        """ReadDataElement (6.2): the one element that a path names.

        Raises:
            InvalidInputError: the path is no path, costs too much or names more than one element.
            NotAuthenticatedError: the element is not for the public.
            AccessDeniedError: the element is not for this reader.
            RecordNotFoundError: there is no such passport, or no such element in it.
        """
        path = ElementPath(path_text)
        with self.store.reading() as reading:
            seen, dpp = self.seen(reading, row_of_dpp(reading, dpp_id))
        if not path.is_singular:  # a search tells something of all it goes through, found or not
            note_read(self.store, seen, dpp.elements, FORM, self.now)
        try:
            found = find_element(dpp, path, self.representation)
        except RecordNotFoundError:
            _refuse_hidden(seen, path)
            raise
        note_read(self.store, seen, found.told, FORM, self.now)
        return found.document

    def seen(
        self, transaction: Transaction, row: PassportRow, at: datetime | None = None
    ) -> tuple[Visible, DigitalProductPassport]:
        """Return what the reader sees of the newest version, or of the one `at` an instant.

        Whoever lets it out has it logged (`note_read`).
        """
        sheet = sheet_of_row(transaction, row, at)
        newest = row if at is None else transaction.passports.by_id(row.id)
        seen = visible(transaction, self.reader, sheet, self.now, newest)
        status = status_of(transaction, row, is_newest=newest is row)
        changed_at = last_change(transaction, row, seen)
        return seen, compose(self.address, row, sheet, seen.elements, status, changed_at)

    def _told(self, seen: Visible, dpp: DigitalProductPassport) -> dict[str, Any]:
        note_read(self.store, seen, dpp.elements, FORM, self.now)
        return dpp.to_document(self.representation)


def _refuse_hidden(seen: Visible, path: ElementPath) -> None:
    """Refuse a reader who asks for what it may not see, whether or not there is any.

    Raises:
        NotAuthenticatedError: the element is not for the public.
        AccessDeniedError: the element is not for this reader.
    """
    attribute = attributes().get(path.first_name or "")
    if attribute is not None and not seen.may_read(attribute):
        refuse(seen.access, attribute.title)
