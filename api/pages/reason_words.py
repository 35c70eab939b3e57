"""What the reason codes of a verification mean, one sentence each.

The checks' own sentences are English and hold values; a page in another language says this first and
quotes them after it. A code of the many that mean a malformed document is explained by its step.
"""

from collections.abc import Mapping
from typing import Final

from api.pages.languages import Words, gettext, message

REASONS: Final = Words(
    {
        "algorithm_not_allowed": message("Its signature algorithm is not an accepted one."),
        "certificate_facility_mismatch": message("A cited certificate is of another factory."),
        "certificate_hash_mismatch": message(
            "A cited certificate is not the document that was cited."
        ),
        "certificate_not_at_hand": message("A cited certificate could not be looked at."),
        "certificate_period_mismatch": message(
            "A cited certificate does not cover the day of manufacture."
        ),
        "certificate_suspended": message("A cited certificate was suspended."),
        "certificate_unsigned": message(
            "A cited certificate is not signed: nobody but the maker vouches for it."
        ),
        "certificate_withdrawn": message("A cited certificate was withdrawn."),
        "check_crashed": message("The check could not be carried through."),
        "did_document_missing": message("The issuer's keys could not be fetched."),
        "earlier_step_failed": message("An earlier check failed, so this one was not made."),
        "expired": message("It has expired."),
        "fetch_budget_ended": message("There was too much to fetch; not everything was looked at."),
        "gs1_prefix_of_another": message("The number in its link belongs to another company."),
        "identifier_contradicts_itself": message("Its link and its data name different batteries."),
        "identifier_differs": message(
            "It is the passport of another battery than the scanned one."
        ),
        "identifier_malformed": message("Its identifier is not well-formed."),
        "identifier_mismatch": message(
            "It is the passport of another battery than the scanned one."
        ),
        "issuer_contradicted": message("It names two different issuers."),
        "issuer_missing": message("It names no issuer."),
        "issuer_not_trusted": message("The issuer is not on the trust list."),
        "key_not_found": message("The issuer does not publish the key that is named."),
        "key_not_trusted": message("The key is not one that the trust list vouches for."),
        "key_retired": message("The key was no longer in use when it was issued."),
        "key_revoked": message("The key that signed it was revoked."),
        "link_of_another_host": message(
            "It is the battery that was scanned, but the label leads to another address."
        ),
        "log_trust_ended": message("The public log is no longer trusted."),
        "log_unknown": message("It names a public log that is not known here."),
        "no_check": message("There is nothing to check here."),
        "no_known_log": message("No public log is known here to check against."),
        "no_link_scanned": message("No link was scanned to compare it with."),
        "no_log_proof": message("No proof of its entry in a public log was at hand."),
        "no_scanned_link": message("No link was scanned to compare it with."),
        "no_status_entry": message("It names no status list."),
        "no_trust_list": message("No trust list was at hand."),
        "no_trusted_key": message("No trusted key was at hand to check the signature with."),
        "no_version_evidence": message("Nobody could say whether there is a newer version."),
        "not_a_passport": message("It is signed, but it is no battery passport."),
        "not_a_receipt": message("It is signed, but it is no receipt of a shipment."),
        "not_witnessed": message("No known witness has confirmed the public log."),
        "not_yet_valid": message("It is not valid yet."),
        "passport_ceased": message("The battery was recycled, and the passport has ended."),
        "print_not_compared": message("What is printed was not compared with what was signed."),
        "proof_expired": message("Its signature has expired."),
        "revoked": message("Its issuer has revoked it."),
        "rows_differ": message("The rows are not those that were signed."),
        "schema_violated": message("It does not have the form of a battery passport."),
        "server_not_asked": message("The issuer's server was not asked for newer versions."),
        "signature_invalid": message(
            "The signature is wrong: the content was changed, or another key signed."
        ),
        "signature_not_verified": message(
            "The signature is not verified, so nobody vouches for the content."
        ),
        "status_list_keys_missing": message("The keys for its status list were not at hand."),
        "status_list_missing": message("Its status list could not be fetched."),
        "status_list_stale": message("Its status list is out of date."),
        "study_contradicts_passport": message(
            "The footprint study and the passport say different things."
        ),
        "study_does_not_recompute": message(
            "The footprint study gives another result when computed anew."
        ),
        "study_hash_mismatch": message("The footprint study is not the one that was cited."),
        "study_not_at_hand": message("The footprint study could not be looked at."),
        "succeeded": message("Another passport stands in the place of this one."),
        "summary_differs": message("The summary is not the one that was signed."),
        "superseded": message("There is a newer version of this passport."),
        "suspended": message("Its issuer has suspended it for the time being."),
        "trust_ended": message("The issuer was trusted when it was issued, and is no longer."),
        "trust_list_stale": message("The trust list is out of date."),
        "trust_not_at_issue": message("The issuer was not trusted when it was issued."),
        "type_out_of_scope": message("The issuer is not trusted for this kind of document."),
    }
)

# By step and outcome, for the codes that say in which way something is malformed.
_OF_STEPS: Final[Mapping[tuple[str, str], str]] = {
    ("parse", "failed"): message("The document cannot be read."),
    ("format", "failed"): message("It is no signed credential of the right format."),
    ("algorithm", "failed"): message("Its signature does not have the accepted form."),
    ("issuer_found", "failed"): message("The issuer's keys do not fit the document."),
    ("issuer_trusted", "failed"): message("The issuer could not be found trustworthy."),
    ("signature", "failed"): message("The signature could not be verified."),
    ("validity", "failed"): message("Its period of validity cannot be read."),
    ("status", "failed"): message("Its status list cannot be relied on."),
    ("version", "not_checked"): message("The list of newer versions cannot be used."),
    ("log_inclusion", "failed"): message("The proof of its entry in a public log is wrong."),
}
_OF_OUTCOMES: Final[Mapping[str, str]] = {
    "passed": message("This check passed."),
    "failed": message("This check failed."),
    "warning": message("This check has a reservation."),
    "not_checked": message("This check could not be made."),
}


def explanation(step: str, outcome: str, reason_code: str) -> str:
    """Return what a reason means in the language that is spoken."""
    known = REASONS.get(reason_code)
    if known is not None:
        return known
    return gettext(_OF_STEPS.get((step, outcome)) or _OF_OUTCOMES[outcome])
