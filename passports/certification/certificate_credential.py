"""A factory certificate as a credential of its certifier, shaped on the UNTP Digital Conformity Credential.

The shape is UNTP's (working version of November 2025); what a factory certificate says beyond it stands
under `factoryCertificate`. Status (suspended, withdrawn) lives in the certifier's status lists.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Any, Final

from passports.certification.certificate_reading import CREDENTIAL_TYPE
from passports.certification.certificate_schemes import certificate_schemes
from passports.factories import Facility
from passports.identifiers import PublicAddress
from passports.operators import EconomicOperator
from signing.canonical import JsonValue
from signing.instants import format_instant

CONFORMITY_TYPE: Final = "DigitalConformityCredential"
CONTEXTS: Final = (
    "https://www.w3.org/ns/credentials/v2",
    "https://test.uncefact.org/vocabulary/untp/dcc/working/",
    "https://www.w3.org/ns/credentials/undefined-terms/v2",
)


def certificate_credential(
    address: PublicAddress,
    certifier: EconomicOperator,
    holder: EconomicOperator,
    facility: Facility,
    claims: Mapping[str, Any],
    entries: Sequence[Mapping[str, JsonValue]],
    now: datetime,
) -> dict[str, Any]:
    """Return the credential; `claims` are those of the registered certificate, `entries` its status.

    The credential begins when it is signed, or with the certificate's period where that begins later;
    the period itself stands under `factoryCertificate`, because it may lie before.
    """
    begins = max(now, datetime.combine(claims["valid_from"], time(), UTC))
    ends = datetime.combine(claims["valid_to"], time(23, 59, 59), UTC)
    validity = {"validFrom": format_instant(begins)}
    if ends > begins:
        validity["validUntil"] = format_instant(ends)
    scheme = certificate_schemes()[claims["scheme"]]
    link = address.facility(facility.operator_id, facility.id)
    party = {"id": holder.did, "name": holder.name}
    return {
        "@context": list(CONTEXTS),
        "id": f"urn:uuid:{claims['id']}",
        "type": [CONFORMITY_TYPE, CREDENTIAL_TYPE, "VerifiableCredential"],
        "issuer": {"type": ["CredentialIssuer"], "id": certifier.did, "name": certifier.name},
        **validity,
        "credentialStatus": [dict(entry) for entry in entries],
        "transparencyLog": {
            "origin": address.log_origin,
            "proof": address.certificate_log_proof(claims["id"]),
        },
        "credentialSubject": {
            "type": ["ConformityAttestation", "Attestation"],
            "id": link,
            "name": f"{scheme.title}: {facility.name}",
            "assessorLevel": "3rdParty",
            "assessmentLevel": "Unspecified",
            "attestationType": "certification",
            "description": f"certifies {scheme.certifies}; no effect on any product's footprint",
            "issuedToParty": party,
            "assessment": [_assessment(address, claims, facility, link)],
            "factoryCertificate": _own_claims(claims, facility),
        },
    }


def _assessment(
    address: PublicAddress, claims: Mapping[str, Any], facility: Facility, link: str
) -> dict[str, Any]:
    return {
        "type": ["ConformityAssessment", "Declaration"],
        "id": f"{address.certificate(claims['id'])}#assessment",
        "name": claims["scheme"],
        "conformityTopic": "environment.emissions",
        "conformance": True,
        "assessedFacility": [
            {
                "type": ["FacilityVerification"],
                "facility": {"id": link, "name": facility.name, "registeredId": facility.id},
                "IDverifiedByCAB": True,
            }
        ],
    }


def _own_claims(claims: Mapping[str, Any], facility: Facility) -> dict[str, Any]:
    stated = {
        "scheme": claims["scheme"],
        "operator": facility.operator_id,
        "facility": facility.id,
        "scope": "facility",
        "type": claims["type"],
        "stars": claims["stars"],
        "score": claims["score"],
        "number": claims["number"],
        "validFrom": str(claims["valid_from"]),
        "validTo": str(claims["valid_to"]),
        "effectOnFootprint": "none",
    }
    return {name: value for name, value in stated.items() if value is not None}
