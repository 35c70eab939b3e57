"""What a battery's credential says: W3C Verifiable Credentials 2.0, Annex XIII point 1 (public).

Only public, static data of model, batch and item stand in it. Status (revoked, suspended, replaced)
lives outside, in a status list. The footprint is shown as voluntary information: no act makes a method
binding, and the Commission's data point table (v2.0, 15 Aug 2026, points 17 and 18) does not ask for it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from passports.attributes.table import (
    Granularity,
    attributes,
    get_profile,
    is_signed_in_public,
    with_unit,
)
from passports.attributes.versions import AttributeVersion, Subject, newest_version
from passports.batches import Batch
from passports.certification.certificates import certificates_of, events_of
from passports.certification.coverage import check_certificate, coverage
from passports.credential_type import CREDENTIAL_TYPE
from passports.factories import Facility, get_facility
from passports.footprints import FootprintStudy, current_studies
from passports.identifiers import PublicAddress
from passports.models import BatteryModel
from passports.operators import EconomicOperator, get_operator
from passports.store import Transaction
from signing.instants import format_instant

# VCDM 2.0, section 4.3 and B.1: the second context lets plain JSON terms stand.
CONTEXTS: Final = (
    "https://www.w3.org/ns/credentials/v2",
    "https://www.w3.org/ns/credentials/undefined-terms/v2",
)
# What differs from battery to battery, see passports/issue.py. Control characters cannot come in
# through any document (passports/documents.py), so a mark cannot be forged.
MARKS: Final = (
    *("passport_id", "link", "serial", "manufactured_on"),
    *("status_index", "refresh_index", "suspension_index"),
)


def mark(name: str) -> str:
    """Return the mark that stands in a template for a value of this name."""
    return f"\x00{name}\x00"


def credential_with_marks(
    transaction: Transaction,
    address: PublicAddress,
    operator: EconomicOperator,
    model: BatteryModel,
    batch: Batch,
    list_ids: tuple[str, str, str],
) -> dict[str, Any]:
    """Return the credential of a batch's batteries, with marks for what differs between them.

    `list_ids` are the status lists for revocation, for refresh and for suspension.
    """
    facility = get_facility(transaction, operator.id, batch.facility_id)
    shown = get_profile(batch.profile).shows("carbon_footprint_per_kwh", category_of(model))
    studies = current_studies(transaction, operator.id, model.id, facility.id) if shown else []
    lists = [
        status_claim(address.status_list(operator.id, list_id), purpose, mark(place))
        for list_id, purpose, place in (
            (list_ids[0], "revocation", "status_index"),
            (list_ids[1], "refresh", "refresh_index"),
            (list_ids[2], "suspension", "suspension_index"),
        )
    ]
    return {
        "@context": list(CONTEXTS),
        "id": f"urn:uuid:{mark('passport_id')}",
        "type": ["VerifiableCredential", CREDENTIAL_TYPE],
        "issuer": {"id": operator.did, "name": operator.name},
        "validFrom": format_instant(batch.issued_at),
        "credentialStatus": lists,
        "transparencyLog": {
            "origin": address.log_origin,
            "proof": address.log_proof(mark("passport_id")),
        },
        "credentialSubject": {
            "id": mark("link"),
            "type": "Battery",
            "granularity": "item",
            "passportVersion": 1,
            "profile": batch.profile,
            "serialNumber": mark("serial"),
            "manufacturedOn": mark("manufactured_on"),
            "batch": batch.id,
            "model": model_claims(model),
            "manufacturer": operator_claims(operator),
            "responsibleOperator": _responsible(transaction, operator, batch),
            "manufacturingFacility": _facility_claims(address, facility),
            "carbonFootprint": [_study_claims(address, study) for study in studies],
            **attribute_claims(transaction, model, batch.id, batch.profile),
            "factoryCertificates": _certificate_claims(transaction, address, facility, batch),
        },
    }


def status_claim(list_url: str, purpose: str, index: str) -> dict[str, str]:
    """Return the entry that says where a credential's bit of a purpose stands.

    Bitstring Status List 1.0, section 2.1. `revocation` and `suspension` are the passport's, the
    same in all of its versions; `refresh` is a version's own: set, it says that a newer one exists.
    """
    return {
        "id": f"{list_url}#{index}",
        "type": "BitstringStatusListEntry",
        "statusPurpose": purpose,
        "statusListIndex": index,
        "statusListCredential": list_url,
    }


def category_of(model: BatteryModel) -> str:
    """Return the model's category as the table of attributes names it."""
    return "stationary" if model.stationary else model.category.value


def attribute_claims(
    transaction: Transaction,
    model: BatteryModel,
    batch_id: str,
    profile_id: str,
    passport_id: str | None = None,
) -> dict[str, dict[str, Any]]:
    """Return the public attributes given for model, batch and battery that the profile shows, with units."""
    subjects = [
        Subject(Granularity.MODEL, model.operator_id, model.id),
        Subject(Granularity.BATCH, model.operator_id, batch_id),
    ]
    if passport_id is not None:
        subjects.append(Subject(Granularity.ITEM, model.operator_id, passport_id))
    versions = [newest_version(transaction, subject) for subject in subjects]
    return claims_of_versions(versions, category_of(model), profile_id)


def claims_of_versions(
    versions: Iterable[AttributeVersion | None], category: str, profile_id: str
) -> dict[str, dict[str, Any]]:
    """Return what a profile shows to the public of data given for model, batch and battery, in this order."""
    profile = get_profile(profile_id)
    claims: dict[str, Any] = {}
    for version in versions:
        for name, given in version.values.items() if version is not None else ():
            if is_signed_in_public(attributes()[name]) and profile.shows(name, category):
                claims[name] = with_unit(name, given.value)
    return {"attributes": claims} if claims else {}


def model_claims(model: BatteryModel) -> dict[str, Any]:
    """Return what a credential says of a model."""
    return {
        "id": model.id,
        "gtin": model.gtin,
        "name": model.name,
        "category": model.category.value,
        **({"stationary": True} if model.stationary else {}),
        "chemistry": model.chemistry,
        "massKg": model.mass_kg,
        "capacityKwh": model.capacity_kwh,
        "usableEnergyKwh": model.usable_energy_kwh,
        "serviceLife": model.service_life.model_dump(mode="json", exclude_none=True),
    }


def operator_claims(operator: EconomicOperator) -> dict[str, Any]:
    """Return what a credential says of an operator."""
    claims = {
        "id": operator.id,
        "name": operator.name,
        "country": operator.country,
        "did": operator.did,
        "gln": operator.gln,
        "postalAddress": operator.postal_address,
        "tradeName": operator.trade_name,
        "url": operator.url,
    }
    return {key: value for key, value in claims.items() if value is not None}


def _responsible(
    transaction: Transaction, manufacturer: EconomicOperator, batch: Batch
) -> dict[str, Any]:
    if batch.responsible_operator_id in {None, manufacturer.id}:
        return operator_claims(manufacturer)
    return operator_claims(get_operator(transaction, str(batch.responsible_operator_id)))


def _facility_claims(address: PublicAddress, facility: Facility) -> dict[str, Any]:
    return {
        "id": facility.id,
        "name": facility.name,
        "place": facility.place,
        "country": facility.country,
        "url": address.facility(facility.operator_id, facility.id),
    }


def _study_claims(address: PublicAddress, study: FootprintStudy) -> dict[str, Any]:
    result = study.result
    columns: Mapping[str, Mapping[str, Any]] = result["electricity_columns"]
    stages: Sequence[Mapping[str, Any]] = result["stages"]
    return {
        "standing": "voluntary information",
        "ruleset": result["ruleset"]["id"],
        "legalState": result["ruleset"]["legal_state"]["note"],
        "functionalUnit": _functional_unit(result["functional_unit"]),
        "totalEnergyKwh": result["functional_unit"]["total_energy_kwh"],
        "kgCo2ePerKwh": result["kg_co2e_per_kwh"],
        "kgCo2ePerBattery": result["kg_co2e_per_battery"],
        "kgCo2ePerKwhCapacity": result["kg_co2e_per_kwh_capacity"],
        "partial": result["partial"],
        "notAssessed": result["not_assessed"],
        "stages": [
            {"stage": row["stage"], "kgCo2ePerKwh": row["kg_co2e_per_kwh"]} for row in stages
        ],
        "electricityColumns": {
            name: {
                "boundary": column["boundary"],
                "kgCo2ePerKwhElectricity": column["kg_co2e_per_kwh_electricity"],
                "kgCo2ePerKwhCapacity": column["kg_co2e_per_kwh_capacity"],
            }
            for name, column in columns.items()
        },
        "offsetsListedT": result["offsets"]["listed_t"],
        "study": address.footprint_study(study.id),
        "studySha256": study.result_sha256,
    }


def _functional_unit(unit: Mapping[str, Any]) -> str:
    # A declared unit of capacity (ISO 14067) is not a kWh delivered; a reader must see which it is.
    if unit["formula"] == "capacity":
        return str(unit["text"])
    return f"1 kWh of the total energy delivered over the service life ({unit['text']})"


def _certificate_claims(
    transaction: Transaction, address: PublicAddress, facility: Facility, batch: Batch
) -> list[dict[str, Any]]:
    claims = []
    for certificate in certificates_of(transaction, facility.operator_id, facility.id):
        produced = [batch.manufactured_from, batch.manufactured_to]
        events = events_of(transaction, certificate)
        checks = check_certificate(certificate, facility.id, produced, events)
        claims.append(
            {
                "scheme": certificate.scheme,
                "holder": certificate.holder,
                "issuer": certificate.issuer,
                "facility": certificate.facility_id,
                "validFrom": str(certificate.valid_from) if certificate.valid_from else None,
                "validTo": str(certificate.valid_to) if certificate.valid_to else None,
                "evidence": certificate.evidence_said,
                "coverage": coverage(checks),
                "checks": [check.to_document() for check in checks],
                "effectOnFootprint": "none",
                "document": address.certificate(certificate.id),
                "documentSha256": certificate.document_sha256,
                "status": address.certificate_status(certificate.id),
            }
        )
    return claims
