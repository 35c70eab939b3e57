"""The demonstration's steps, one function a step, each on what the one before left in the store."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from importlib import resources
from pathlib import Path
from typing import Any, Final

import orjson

from api.labelling import label_of
from api.verifying import own_records
from api.verifying_alone import Subject, verify_online
from api.wiring import Voltpass
from lca.units import convert
from passports import data_carrier
from passports.authority.acceptances import AcceptanceCreate, accept_responsibility
from passports.authority.callers import Caller
from passports.batches import BatchCreate, read_units_csv
from passports.certification.certificates import (
    CertificateEvidence,
    FactoryCertificateCreate,
    register_certificate,
)
from passports.certification.coverage import check_certificate, coverage
from passports.documents import read_document, utc_now
from passports.export import EXPORTS
from passports.factories import EnergyPeriodCreate, FacilityCreate, record_energy, register_facility
from passports.footprints import FootprintRequest, compute_studies
from passports.issue import IssuedBatch, issue_batch
from passports.models import BatteryModelCreate, register_model
from passports.operators import EconomicOperatorCreate, get_operator, register_operator
from passports.queries import FootprintQuery, query_footprints
from passports.resolve import evidence_from_store, passport_by_id
from passports.verification.checks import BatteryEvidence
from passports.verification.collection import fetch_passport
from passports.verification.fetch import HttpFetch
from passports.verification.passport import verify_passport
from signing.base64url import decode as base64url_decode
from signing.base64url import encode as base64url_encode
from signing.report import VerificationReport

RULESETS: Final = ("da-2024", "jrc-2023")
MAKER, IMPORTER = "demo-maker", "demo-importer"
_CERTIFIED_FACTORY: Final = "catl-xinjin"
_INPUTS = resources.files("api.demo").joinpath("inputs")


def read_input(name: str) -> Any:  # noqa: ANN401 # JSON of any kind
    """Return one of the demonstration's JSON inputs."""
    return json.loads(_INPUTS.joinpath(name).read_text(encoding="utf-8"))


def press_entry(factory_id: str) -> dict[str, Any]:
    """Return what the press reported of a factory."""
    text = (
        resources.files("passports.data").joinpath("zero_carbon_factories.json").read_text("utf-8")
    )
    entry: dict[str, Any] = next(f for f in json.loads(text)["factories"] if f["id"] == factory_id)
    return entry


def operator_ids() -> list[str]:
    """Return the operators that a demonstration registers."""
    return [document["id"] for document in read_input("operators.json")]


@dataclass
class Story:
    """A demonstration under way.

    Attributes:
        voltpass: The running voltpass, on a store of its own.
        folder: Where its files go: QR codes, label, bundle.
        facilities: Per factory, what the JSON contract promises.
    """

    voltpass: Voltpass
    folder: Path
    facilities: list[dict[str, Any]] = field(default_factory=list)

    def register_operators(self) -> list[str]:
        """Register maker, importer and authority; sign the trust list."""
        names = []
        for document in read_input("operators.json"):
            request = read_document(EconomicOperatorCreate, document, "the operator")
            operator = register_operator(
                self.voltpass.store,
                self.voltpass.keyring,
                self.voltpass.address,
                request,
                utc_now(),
            )
            names.append(operator.name)
        self.voltpass.write_trust_list(utc_now())
        return names

    def accept_responsibility(self) -> dict[str, Any]:
        """Have the importer sign that it answers for what the maker issues (Art. 77(4))."""
        with self.voltpass.store.reading() as reading:
            caller = Caller.of(get_operator(reading, IMPORTER), "demonstration")
        now = utc_now()
        return accept_responsibility(
            self.voltpass.store,
            self.voltpass.keyring,
            self.voltpass.address,
            caller,
            AcceptanceCreate(maker=MAKER, valid_until=now + timedelta(days=365)),
            now,
        )

    def register_model(self) -> dict[str, Any]:
        """Register the battery model."""
        request = read_document(BatteryModelCreate, read_input("model.json"), "the model")
        return register_model(self.voltpass.store, MAKER, request, utc_now()).model_dump()

    def register_facilities(self) -> None:
        """Register both factories with their metered energy, and the certificate of the first."""
        for document in read_input("facilities.json"):
            facility = read_document(FacilityCreate, document["facility"], "the facility")
            register_facility(self.voltpass.store, MAKER, facility, utc_now())
            energy = dict(document["energy"])
            certified = facility.id == _CERTIFIED_FACTORY
            energy["offsets"] = [self._implied_offset(energy)] if certified else []
            request = read_document(EnergyPeriodCreate, energy, "the metered period")
            period = record_energy(self.voltpass.store, MAKER, facility.id, request, utc_now())
            days = [period.period_from, period.period_to]
            self.facilities.append(
                {
                    "id": facility.id,
                    "name": facility.name,
                    "offsets_listed_t": sum(o.quantity_t for o in period.offsets),
                    "certificate": self._certificate(facility.id, days) if certified else None,
                    "grid_location_factor": document["grid_location_factor"],
                }
            )

    def _implied_offset(self, energy: Mapping[str, Any]) -> dict[str, Any]:
        # PAS 2060 offsets what is left. The press gives no tonnes; hydropower leaves the gas.
        gas = next(r for r in energy["readings"] if r["carrier"] == "natural_gas")
        factor = self.voltpass.dataset.factor("fuel.ipcc.natural_gas.combustion")
        burnt = convert(gas["quantity"], gas["unit"], factor.per)
        co2_kg = burnt * factor.gases["carbon_dioxide_fossil"]
        return {
            "id": "implied-by-the-claim",
            "quantity_t": round(co2_kg / 1000, 1),
            "note": "Computed, not published: CO2 of the natural gas of a year, which hydropower does "
            "not touch and which a PAS 2060 claim has to offset. No registry or serial was published.",
        }

    def _certificate(self, facility_id: str, days: list[date]) -> dict[str, Any]:
        entry = press_entry(facility_id)
        claimed = entry["certificates"][0]
        document = json.dumps(entry, ensure_ascii=False, indent=1).encode()
        request = FactoryCertificateCreate(
            facility_id=facility_id,
            scheme=claimed["scheme"],
            certified=claimed["certified"],
            holder=entry["factory_zh"],
            issuer=claimed["issuer"],
            issued_on=claimed.get("date"),
            evidence=CertificateEvidence.PRESS_REPORT,
            source="passports/data/zero_carbon_factories.json, entry " + facility_id,
            note="The article gives no period, number or scope of the certificate.",
            document=base64.b64encode(document),
            media_type="application/json",
        )
        certificate = register_certificate(self.voltpass.store, MAKER, request, utc_now())
        checks = check_certificate(certificate, facility_id, days)
        return {
            "id": certificate.id,
            "scheme": certificate.scheme,
            "issuer": certificate.issuer,
            "coverage": coverage(checks),
            "checks": [check.to_document() for check in checks],
        }

    def compute_footprints(self) -> None:
        """Compute the footprint of the model from each factory by each ruleset."""
        for facility in self.facilities:
            inventory = read_input("inventory.json")
            location_factor = facility.pop("grid_location_factor")
            inventory["electricity"]["factors"]["grid_location"] = location_factor
            request = FootprintRequest(
                model_id="lfp-60",
                facility_id=facility["id"],
                rulesets=list(RULESETS),
                inventory=inventory,
            )
            studies = compute_studies(
                self.voltpass.store, self.voltpass.dataset, MAKER, request, utc_now()
            )
            facility["rulesets"] = {study.ruleset: dict(study.result) for study in studies}

    def issue(self, progress: Callable[[int, int], None]) -> IssuedBatch:
        """Issue 200 passports for the serials of a CSV file, for the certified factory."""
        data = _INPUTS.joinpath("serials.csv").read_bytes()
        request = BatchCreate(
            id="xj-2024-12",
            model_id="lfp-60",
            facility_id=_CERTIFIED_FACTORY,
            responsible_operator_id=IMPORTER,
            manufactured_on=date(2024, 12, 31),
            units=read_units_csv(data),
        )
        return issue_batch(
            self.voltpass.store,
            self.voltpass.keyring,
            self.voltpass.address,
            MAKER,
            request,
            utc_now(),
            progress,
        )

    def draw(self, batch: IssuedBatch) -> tuple[Path, Path]:
        """Draw a QR code for every battery and one label; return the paths of one PNG and the label."""
        codes = self.folder / "qr"
        codes.mkdir(parents=True, exist_ok=True)
        links = [passport.link for passport in batch.passports]
        for passport, svg in zip(batch.passports, data_carrier.draw_many(links), strict=True):
            (codes / f"{passport.serial}.svg").write_text(svg, encoding="utf-8")
        first = batch.passports[0]
        picture = self.folder / f"{first.serial}.png"
        picture.write_bytes(data_carrier.draw(first.link, "png"))
        label = self.folder / f"{first.serial}-label.svg"
        label.write_text(label_of(self.voltpass, first.id), encoding="utf-8")
        return picture, label

    def verify_online(self, picture: Path) -> tuple[str, VerificationReport]:
        """Read a QR code from its picture, fetch the passport over HTTP and verify it."""
        payload = data_carrier.read_image(picture.read_bytes())
        with HttpFetch(loopback=[self.voltpass.address.base_url]) as fetch:
            credential = fetch_passport(payload, fetch)
            subject = Subject(credential, payload)
            report = verify_online(subject, fetch, self.voltpass.trust_list(), utc_now())
        return payload, report

    def write_bundle(self, passport_id: str) -> Path:
        """Write the offline bundle of one passport, inventories included."""
        credential = passport_by_id(self.voltpass.store, passport_id).credential
        trust_list = self.voltpass.settings.trust_list_path.read_bytes().strip()
        path = self.folder / "bundle.zip"
        export = EXPORTS["bundle"]
        data = export(own_records(self.voltpass), [credential], trust_list, True, utc_now())
        path.write_bytes(data)
        return path

    def start_offline_check(self, bundle: Path) -> "subprocess.Popen[bytes]":
        """Begin to verify the bundle in a process of its own that cannot reach any network."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("VOLTPASS_")}
        home = str(self.voltpass.settings.home)
        environment = {**inherited, "VOLTPASS_HOME": home, "PATH": ""}  # and no other programs
        return subprocess.Popen(  # noqa: S603 # our own interpreter and module, no shell
            [sys.executable, "-m", "api.cli", "verify", str(bundle), "--offline", "--json"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env=environment,
        )

    def finish_offline_check(self, process: "subprocess.Popen[bytes]") -> dict[str, Any]:
        """Wait for that process and return what it printed."""
        printed, _ = process.communicate(timeout=120)
        answer: dict[str, Any] = orjson.loads(printed)
        return answer

    def tamper(self, passport_id: str) -> VerificationReport:
        """Change one byte of a passport (a digit of its footprint) and verify it offline."""
        credential = passport_by_id(self.voltpass.store, passport_id).credential
        header, payload, signature = credential.split(b".")
        content = bytearray(base64url_decode(payload, "payload"))
        place = content.index(b'"kgCo2ePerKwh":0.') + len(b'"kgCo2ePerKwh":0.')
        content[place] = ord("0") if content[place] != ord("0") else ord("1")
        changed = b".".join((header, base64url_encode(bytes(content)), signature))
        (self.folder / "tampered.jwt").write_bytes(changed)
        evidence = evidence_from_store(own_records(self.voltpass), [credential])
        trust_list = self.voltpass.trust_list()
        return verify_passport(changed, evidence, trust_list, BatteryEvidence(), utc_now())

    def ask_as_regulator(self) -> list[dict[str, Any]]:
        """Compare all studies across factories, each recomputed from its stored inputs."""
        page = query_footprints(
            self.voltpass.store, self.voltpass.dataset, FootprintQuery(recompute=True)
        )
        return list(page.rows)
