"""What a passport's page shows beside the signed passport: its studies' doubts, how complete it is."""

from collections.abc import Mapping

import orjson

from api.pages.passport_view import Beside
from passports.attributes.completeness import CompletenessFigure, passport_report
from passports.documents import utc_now
from passports.errors import RecordNotFoundError
from passports.life.withdrawal import Standing
from passports.resolve import StoredPassport
from passports.store import Transaction
from passports.verification.collection import CollectedEvidence


def facts_beside(
    reading: Transaction,
    stored: StoredPassport,
    evidence: CollectedEvidence,
    standing: Standing | None,
) -> Beside:
    """Return what is known here beside a signed passport, for its page."""
    return Beside(standing, results_by_url(evidence), completeness_of(reading, stored))


def results_by_url(evidence: CollectedEvidence) -> dict[str, Mapping[str, object]]:
    """Return the public results of the studies at hand, by URL."""
    results: dict[str, Mapping[str, object]] = {}
    for url, data in evidence.studies.items():
        try:
            result = orjson.loads(data)
        except orjson.JSONDecodeError:  # step 14 of the verification says so
            continue
        if isinstance(result, dict):
            results[url] = result
    return results


def completeness_of(reading: Transaction, stored: StoredPassport) -> CompletenessFigure | None:
    """Return how many of the public attributes are given; None where nobody knows what is asked."""
    try:
        report = passport_report(reading, stored.id, None, utc_now().date())
    except RecordNotFoundError:
        return None
    return report.figure(public_only=True)
