"""Labels of stored passports, from what was signed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from api.wiring import Voltpass
from passports.batches import get_batch, newest_passports
from passports.labels import LabelContent, LabelParty, draw_label
from passports.life.version_making import payload_of
from passports.life.withdrawal import PassportState, Standing, standing_of, standings_of
from passports.models import BatteryModel, get_model
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
    return draw_label(_content(subject, model, seal))


def _content(subject: Mapping[str, Any], model: BatteryModel, seal: str | None) -> LabelContent:
    return LabelContent(
        link=subject["id"],
        model=model,
        serial=subject["serialNumber"],
        parties=_parties(subject["manufacturer"], subject["responsibleOperator"]),
        place=subject["manufacturingFacility"]["place"],
        manufactured_on=date.fromisoformat(subject["manufacturedOn"]),
        seal=seal,
    )


@dataclass(frozen=True)
class BatchLabel:
    """One label of a batch; `warning` says why it should be put on no battery any more."""

    passport_id: str
    content: LabelContent
    warning: str


def labels_of_batch(voltpass: Voltpass, operator_id: str, batch_id: str) -> list[BatchLabel]:
    """Return the labels of a batch, by serial, from what was signed last of each battery.

    Raises:
        RecordNotFoundError: the operator has no such batch.
    """
    labels = []
    with voltpass.store.reading() as reading:
        rows = newest_passports(reading, operator_id, batch_id)
        model = get_model(reading, operator_id, get_batch(reading, operator_id, batch_id).model_id)
        withdrawn = standings_of(reading, rows)
        for row in rows:
            subject = payload_of(row)["credentialSubject"]
            why = _why_not(subject, withdrawn.get(row.id))
            labels.append(BatchLabel(row.id, _content(subject, model, None), why))
    return labels


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
    subject: Any = stored.payload()["credentialSubject"]
    with voltpass.store.reading() as reading:
        row = reading.passports.by_id(stored.id)
        standing = standing_of(reading, row) if row is not None else None
    return _why_not(subject, standing)


def _why_not(subject: Mapping[str, Any], standing: Standing | None) -> str:
    if "ceased" in subject:
        return "this passport has ceased to exist, its battery was recycled"
    if "succeededBy" in subject:
        return "another passport stands in the place of this one"
    if standing is None or standing.state is PassportState.IN_FORCE:
        return ""
    since = f" since {format_instant(standing.since)}" if standing.since is not None else ""
    return f"this passport is {standing.state.value}{since}"
