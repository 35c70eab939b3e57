"""The table of schemes: complete, consistent, and able to take every certificate of the factories."""

import json
from importlib import resources

from passports.certification.certificate_schemes import certificate_schemes

FACTORIES = json.loads(
    resources.files("passports.data").joinpath("zero_carbon_factories.json").read_text("utf-8")
)["factories"]


def test_every_scheme_of_the_reported_factories_has_its_row() -> None:
    named = {c["scheme"] or "NOT-NAMED" for f in FACTORIES for c in f["certificates"]}

    assert named <= set(certificate_schemes())
    assert len(FACTORIES) == 18


def test_every_row_says_what_it_certifies_who_issues_it_and_what_it_needs() -> None:
    for scheme in certificate_schemes().values():
        assert scheme.certifies in {
            "neutrality by offsets",
            "evaluation with indicators",
            "programme listing",
            "not stated",
        }
        assert scheme.offsets_count in {"yes", "no", "not stated"}
        assert scheme.issuing_role
        assert scheme.evidence_needed
        assert scheme.source


def test_a_withdrawn_scheme_names_a_successor_that_is_in_force() -> None:
    schemes = certificate_schemes()
    withdrawn = [s for s in schemes.values() if s.state == "withdrawn"]

    assert [s.id for s in withdrawn] == ["PAS2060"]
    for scheme in withdrawn:
        assert scheme.withdrawn_on is not None
        assert schemes[scheme.successor].state == "in force"


def test_grades_are_known_where_a_scheme_grades() -> None:
    graded = certificate_schemes()["T/CECA-G 0171-2022"]

    assert (graded.types, graded.max_stars, graded.min_score, graded.max_score) == (
        ("I", "II"),
        5,
        0,
        100,
    )
