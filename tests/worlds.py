"""A small world to test in: a maker, a factory, its meters, a model, its studies, built by the use cases.

Making an operator's key costs a quarter of a second by design, so a world is made once a database
kind and process; each test gets a copy of the database and the same opened keys.
"""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from typing import Any

from lca.datasets import load_shipped_dataset
from passports.authority.acceptances import LONGEST, AcceptanceCreate, accept_responsibility
from passports.authority.callers import Caller
from passports.batches import BatchCreate, BatteryUnit
from passports.certification.certificates import (
    FactoryCertificate,
    FactoryCertificateCreate,
    register_certificate,
)
from passports.factories import EnergyPeriodCreate, FacilityCreate, record_energy, register_facility
from passports.footprints import FootprintRequest, compute_studies
from passports.identifiers import PublicAddress, UniqueProductIdentifier
from passports.issue import IssuedBatch, issue_batch
from passports.keyring import Keyring
from passports.models import BatteryModelCreate, register_model
from passports.operators import EconomicOperatorCreate, get_operator, register_operator
from passports.resolve import OwnRecords, evidence_from_store, find_passport
from passports.store import Store
from passports.trust import build_trust_list
from passports.verification.bundle import Bundle
from passports.verification.checks import BatteryEvidence
from passports.verification.collection import CollectedEvidence
from passports.verification.passport import verify_passport
from signing.report import VerificationReport
from signing.trust import TrustList

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ADDRESS = PublicAddress("https://id.example.com")
GTIN = "09520123456788"
MAKER, IMPORTER, AUTHORITY, RIVAL = "maker", "importer", "authority", "rival"
FACILITY, MODEL = "plant", "lfp-60"


@dataclass(frozen=True)
class World:
    """A store with records in it, and what is needed to go on from there."""

    store: Store
    keyring: Keyring
    address: PublicAddress = ADDRESS

    def batch(self, *serials: str, **changes: Any) -> BatchCreate:
        """Return a valid batch of these serials, with changes."""
        fields: dict[str, Any] = {
            "id": "b-1",
            "model_id": MODEL,
            "facility_id": FACILITY,
            "responsible_operator_id": IMPORTER,
            "manufactured_on": date(2024, 12, 2),
            "units": [BatteryUnit(serial=serial) for serial in serials or ("SN-1", "SN-2")],
        }
        return BatchCreate(**{**fields, **changes})

    def issue(self, *serials: str, **changes: Any) -> IssuedBatch:
        """Issue a batch of these serials."""
        request = self.batch(*serials, **changes)
        return issue_batch(self.store, self.keyring, self.address, MAKER, request, NOW)

    def records(self, at: datetime = NOW) -> OwnRecords:
        """Return what answers for this world's own URLs at an instant."""
        return OwnRecords(self.store, self.keyring, self.address, lambda: at)

    def credential(self, serial: str = "SN-1") -> bytes:
        """Return the passport of a battery as stored."""
        return find_passport(self.store, UniqueProductIdentifier(GTIN, serial)).credential

    def evidence(self, at: datetime = NOW) -> CollectedEvidence:
        """Return what this world publishes about its passports."""
        with self.store.reading() as reading:
            credentials = [row.credential for row in reading.passports.page()]
        return evidence_from_store(self.records(at), credentials)

    def bundle(self) -> Bundle:
        """Return a bundle of all passports with all evidence and inventories."""
        with self.store.reading() as reading:
            credentials = [row.credential for row in reading.passports.page()]
            studies = list(reading.studies.all())
        return Bundle(
            credentials=credentials,
            evidence=self.evidence(),
            inventories={self.address.footprint_study(s.id): s.inventory for s in studies},
        )

    def trust_list(self) -> TrustList:
        """Return the list of the makers of this world and of its log."""
        return build_trust_list(self.store, self.keyring, self.address, NOW)

    def verify(
        self,
        credential: bytes,
        evidence: CollectedEvidence | None = None,
        at: datetime = NOW,
        **battery: Any,
    ) -> VerificationReport:
        """Verify a credential with what this world publishes, or with other evidence."""
        found = self.evidence(at) if evidence is None else evidence
        return verify_passport(credential, found, self.trust_list(), BatteryEvidence(**battery), at)


def demo_input(name: str) -> Any:
    """Return one of the demonstration's inputs: real data with sources."""
    path = resources.files("api.demo").joinpath("inputs").joinpath(name)
    return json.loads(path.read_text(encoding="utf-8"))


def operators() -> list[EconomicOperatorCreate]:
    """Return the operators of the world."""
    rows: list[dict[str, Any]] = [
        {"id": MAKER, "roles": ["manufacturer"], "country": "CN", "gs1_prefixes": ["9520123"]},
        {"id": RIVAL, "roles": ["manufacturer"], "country": "CN", "gs1_prefixes": ["9520999"]},
        {"id": IMPORTER, "roles": ["importer"], "country": "DE"},
        {"id": AUTHORITY, "roles": ["market_surveillance"], "country": "DE"},
    ]
    return [
        EconomicOperatorCreate(
            name=f"The {row['id']}", postal_address=f"1 {row['id'].title()} Road", **row
        )
        for row in rows
    ]


def inventory() -> dict[str, Any]:
    """Return the demonstration's inventory for a plant in Sichuan."""
    document: dict[str, Any] = demo_input("inventory.json")
    document["electricity"]["factors"]["grid_location"] = "grid.cn-sc.co2.2023"
    return document


def certificate_request(**changes: Any) -> FactoryCertificateCreate:
    """Return a valid certificate of the factory, with changes."""
    fields: dict[str, Any] = {
        "facility_id": FACILITY,
        "scheme": "PAS2060",
        "certified": True,
        "holder": "The plant",
        "issuer": "SGS",
        "valid_from": date(2024, 1, 1),
        "valid_to": date(2024, 12, 31),
        "scope": "facility",
        "evidence": "document",
        "source": "made for a test",
        "document": base64.b64encode(b"%PDF-1.7 a certificate"),
    }
    return FactoryCertificateCreate(**{**fields, **changes})


def populate(store: Store, keyring: Keyring) -> None:
    """Register operators, factory, energy, certificate, model and studies in an empty store."""
    for operator in operators():
        register_operator(store, keyring, ADDRESS, operator, NOW)
    accept_to_answer(store, keyring, IMPORTER)
    given = demo_input("facilities.json")[0]
    facility = FacilityCreate(**{**given["facility"], "id": FACILITY})
    register_facility(store, MAKER, facility, NOW)
    record_energy(store, MAKER, FACILITY, EnergyPeriodCreate(**given["energy"]), NOW)
    register_certificate(store, MAKER, certificate_request(), NOW)
    register_model(store, MAKER, BatteryModelCreate(**demo_input("model.json")), NOW)
    request = FootprintRequest(
        model_id=MODEL,
        facility_id=FACILITY,
        rulesets=["da-2024", "jrc-2023"],
        inventory=inventory(),
    )
    compute_studies(store, load_shipped_dataset(), MAKER, request, NOW)


def accept_to_answer(store: Store, keyring: Keyring, operator_id: str, **changes: Any) -> str:
    """Have an operator accept to answer for what the maker issues; return the acceptance."""
    since = NOW - timedelta(days=1000)
    fields = {"maker": MAKER, "valid_until": since + LONGEST, **changes}
    with store.reading() as reading:
        caller = Caller.of(get_operator(reading, operator_id), "key")
    request = AcceptanceCreate(**fields)
    return str(accept_responsibility(store, keyring, ADDRESS, caller, request, since)["id"])


def certificate_of(store: Store) -> FactoryCertificate:
    """Return the world's one certificate."""
    from passports.certification.certificates import certificates_of  # noqa: PLC0415 # beside its only use

    with store.reading() as reading:
        return certificates_of(reading, MAKER, FACILITY)[0]
