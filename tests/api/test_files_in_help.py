"""What a JSON file has to hold stands in the help of the command that takes it."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from passports.certification.certificates import FactoryCertificateCreate
from passports.certification.certify import CertificateIssue
from passports.documents import Document, Number, read_document
from passports.energy.period_documents import PeriodClose
from passports.energy.production import ProductionCreate
from passports.errors import InvalidInputError
from passports.factories import EnergyPeriodCreate, FacilityCreate
from passports.models import BatteryModelCreate
from passports.operators import EconomicOperatorCreate
from tests.api.command_line import invoke

FILES: list[tuple[tuple[str, ...], type[BaseModel]]] = [
    (("facility", "add"), FacilityCreate),
    (("facility", "energy", "period"), EnergyPeriodCreate),
    (("facility", "energy", "close"), PeriodClose),
    (("facility", "production"), ProductionCreate),
    (("certificate", "add"), FactoryCertificateCreate),
    (("certificate", "issue"), CertificateIssue),
    (("model", "add"), BatteryModelCreate),
    (("keys", "register"), EconomicOperatorCreate),
]


@pytest.mark.parametrize(("command", "model"), FILES, ids=[" ".join(row[0]) for row in FILES])
def test_help_names_every_field_that_a_file_needs(
    tmp_path: Path, command: tuple[str, ...], model: type[BaseModel]
) -> None:
    text = " ".join(invoke(*command, "--help", home=tmp_path).stdout.split())
    needed = {name for name, field in model.model_fields.items() if field.is_required()}
    assert not {name for name in needed - {"document"} if name not in text}  # --document gives it


class _Numbers(Document):
    count: int = 0
    share: Number = 0.0
    names: list[str] = []  # noqa: RUF012 # pydantic copies it


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        ({"count": "x"}, "Give a whole number, e.g. 12."),
        ({"share": "x"}, "Give a number, e.g. 12.5."),
        ({"names": 1}, "Give a list, in [ and ]."),
    ],
)
def test_a_remedy_says_the_form_that_is_wanted(given: dict[str, object], remedy: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_document(_Numbers, given, "the numbers")
    assert caught.value.findings[0].remedy == remedy


def test_a_bound_and_a_choice_are_said_by_the_remedy() -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_document(BatteryModelCreate, {"category": "x", "mass_kg": -1}, "the model")
    told = {finding.field: finding.remedy for finding in caught.value.findings}
    assert told["mass_kg"].startswith("Give a number")
    assert "ev" in told["category"]
