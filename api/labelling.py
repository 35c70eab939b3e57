"""Labels of stored passports, from what was signed."""

from datetime import date

from api.wiring import Voltpass
from passports.labels import LabelContent, draw_label
from passports.models import get_model
from passports.resolve import passport_by_id


def label_of(voltpass: Voltpass, passport_id: str) -> str:
    """Draw the label of a passport as SVG.

    Raises:
        RecordNotFoundError: there is no such passport.
    """
    subject = passport_by_id(voltpass.store, passport_id).payload()["credentialSubject"]
    manufacturer = subject["manufacturer"]
    with voltpass.store.reading() as reading:
        model = get_model(reading, manufacturer["id"], subject["model"]["id"])
    return draw_label(
        LabelContent(
            link=subject["id"],
            model=model,
            serial=subject["serialNumber"],
            manufacturer=manufacturer["name"],
            manufacturer_address=manufacturer.get("postalAddress", ""),
            place=subject["manufacturingFacility"]["place"],
            manufactured_on=date.fromisoformat(subject["manufacturedOn"]),
        )
    )
