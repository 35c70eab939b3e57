"""Labels of stored passports, from what was signed."""

from collections.abc import Mapping
from datetime import date

from api.wiring import Voltpass
from passports.labels import LabelContent, LabelParty, draw_label
from passports.life.withdrawal import PassportState, standing_of
from passports.models import get_model
from passports.operators import get_operator
from passports.resolve import StoredPassport, passport_by_id
from passports.seals import seal_of
from signing.instants import format_instant


def label_of(voltpass: Voltpass, passport_id: str, *, sealed: bool = False) -> str:
    """Draw the label of a passport as SVG; `sealed` with an offline seal as a second code.

    Raises:
        RecordNotFoundError: there is no such passport.
        KeyUnavailableError: it is to be sealed, and the issuer's key cannot be opened.
    """
    stored = passport_by_id(voltpass.store, passport_id)
    payload = stored.payload()
    subject = payload["credentialSubject"]
    manufacturer = subject["manufacturer"]
    with voltpass.store.reading() as reading:
        model = get_model(reading, manufacturer["id"], subject["model"]["id"])
        seal = None
        if sealed:
            operator = get_operator(reading, model.operator_id)
            key = voltpass.keyring.current(reading, operator.id)
            seal = seal_of(stored.credential, payload, operator.did, key)
    return draw_label(
        LabelContent(
            link=subject["id"],
            model=model,
            serial=subject["serialNumber"],
            parties=_parties(manufacturer, subject["responsibleOperator"]),
            place=subject["manufacturingFacility"]["place"],
            manufactured_on=date.fromisoformat(subject["manufacturedOn"]),
            seal=seal,
        )
    )


def _parties(maker: Mapping[str, str], responsible: Mapping[str, str]) -> list[LabelParty]:
    """Return the maker and, where it is another, who answers for the battery, as they were signed."""
    parties = [("", maker)]
    if responsible["id"] != maker["id"]:
        parties = [("Made by", maker), ("Responsible", responsible)]
    return [
        LabelParty(role, who["name"], who.get("tradeName", ""), who.get("postalAddress", ""))
        for role, who in parties
    ]


def why_no_label(voltpass: Voltpass, stored: StoredPassport) -> str:
    """Return why a passport's label should be put on no battery any more; empty where it may be."""
    subject = stored.payload()["credentialSubject"]
    if stored.has_ceased:
        return "this passport has ceased to exist, its battery was recycled"
    if "succeededBy" in subject:
        return "another passport stands in the place of this one"
    with voltpass.store.reading() as reading:
        row = reading.passports.by_id(stored.id)
        standing = standing_of(reading, row) if row is not None else None
    if standing is None or standing.state is PassportState.IN_FORCE:
        return ""
    since = f" since {format_instant(standing.since)}" if standing.since is not None else ""
    return f"this passport is {standing.state.value}{since}"
