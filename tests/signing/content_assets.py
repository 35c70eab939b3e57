"""Assets with a defect in keys, trust, signature, content or status."""

from datetime import timedelta
from typing import Any

from signing.did_web import PublicKeyEntry
from signing.status_list import status_entry
from tests.signing.asset_parts import (
    Asset,
    documents,
    flipped,
    good,
    improved,
    lists,
    part,
    refused,
    status,
    trust,
    with_header,
    zero_signature,
)
from tests.signing.world import (
    AT,
    CERTIFIER,
    CERTIFIER_KEY,
    INDEX,
    LINK,
    MAKER,
    MAKER_KEY,
    REVOCATION,
    REVOKED,
    STRANGER,
    STRANGER_KEY,
    SUSPENDED,
    did_document,
    entry,
    passport,
    signed,
    status_list,
)


def issuer_assets() -> dict[str, Asset]:
    foreign = f"{STRANGER}#{STRANGER_KEY.kid}"
    other_entry = entry(STRANGER, STRANGER_KEY)
    document_of_another = documents(maker=did_document(STRANGER))
    empty = {**did_document(), "assertionMethod": []}
    certifier = entry(CERTIFIER, CERTIFIER_KEY, "certifier")
    later = entry(valid_from=AT - timedelta(days=1))
    stranger = signed(passport(issuer=STRANGER), STRANGER_KEY, STRANGER).decode()
    return {
        "kid_of_another_issuer": refused("issuer_found", "key_not_found", with_header(kid=foreign)),
        "kid_unknown": refused("issuer_found", "key_not_found", with_header(kid=f"{MAKER}#0")),
        "kid_is_a_number": refused("issuer_found", "key_not_found", with_header(kid=0)),
        "iss_of_another": refused("issuer_found", "issuer_contradicted", with_header(iss=STRANGER)),
        "payload_iss_of_another": refused(
            "issuer_found", "issuer_contradicted", signed(passport(iss=STRANGER)).decode()
        ),
        "did_document_of_another": refused(
            "issuer_found", "did_document_of_another", good(), document_of_another
        ),
        "key_not_for_assertions": refused(
            "issuer_found", "key_not_found", good(), documents(maker=empty)
        ),
        "alg_of_another_key_type": refused(
            "issuer_found", "key_type_mismatch", with_header(alg="EdDSA")
        ),
        "issuer_not_in_trust_list": refused("issuer_trusted", "issuer_not_trusted", stranger),
        "issuer_is_only_a_certifier": refused(
            "issuer_trusted",
            "issuer_not_trusted",
            signed(passport(issuer=CERTIFIER), CERTIFIER_KEY, CERTIFIER).decode(),
            {
                **trust(certifier),
                **documents(
                    laboratory=did_document(CERTIFIER, PublicKeyEntry(CERTIFIER_KEY.public_jwk))
                ),
            },
        ),
        "type_out_of_scope": refused(
            "issuer_trusted", "type_out_of_scope", good(), trust(entry(scope=("Other",)))
        ),
        "key_not_in_trust_list": refused(
            "issuer_trusted",
            "key_not_trusted",
            good(),
            trust(entry(key=STRANGER_KEY), other_entry),
        ),
        "issued_before_trust_began": refused(
            "issuer_trusted", "trust_not_at_issue", good(), trust(later)
        ),
    }


def signature_assets() -> dict[str, Asset]:
    revoked = PublicKeyEntry(MAKER_KEY.public_jwk, revoked=AT)
    header, payload, signature = good().split(".")
    other = signed(passport(INDEX + 1)).decode().split(".")
    return {
        name: refused("signature", reason, credential, evidence)
        for name, reason, credential, evidence in (
            ("signature_one_bit_flipped", "signature_invalid", part(2, flipped), None),
            ("signature_all_zero", "signature_invalid", zero_signature(), None),
            (
                "signature_of_another_passport",
                "signature_invalid",
                f"{header}.{payload}.{other[2]}",
                None,
            ),
            (
                "payload_of_another_passport",
                "signature_invalid",
                f"{header}.{other[1]}.{signature}",
                None,
            ),
            (
                "payload_footprint_improved",
                "signature_invalid",
                part(1, improved),
                None,
            ),
            ("signed_by_a_stranger", "signature_invalid", with_header(key=STRANGER_KEY), None),
            (
                "kid_missing_and_signed_by_a_stranger",
                "signature_invalid",
                with_header(key=STRANGER_KEY, kid=None),
                None,
            ),
            (
                "key_revoked",
                "key_revoked",
                good(),
                documents(maker=did_document(MAKER, revoked)),
            ),
        )
    }


def content_assets() -> dict[str, Asset]:
    retired = PublicKeyEntry(MAKER_KEY.public_jwk, expires=AT - timedelta(days=60))
    other_link = f"{LINK}X"
    foreign_prefix = entry(gs1_prefixes=("4012345",))
    made = {
        "expired": ("validity", "expired", passport(validUntil="2027-02-28T00:00:00Z")),
        "not_yet_valid": ("validity", "not_yet_valid", passport(validFrom="2027-03-02T00:00:00Z")),
        "valid_until_without_time_zone": (
            "validity",
            "not_an_instant",
            passport(validUntil="2042-02-18T00:00:00"),
        ),
        "valid_until_no_such_day": (
            "validity",
            "not_an_instant",
            passport(validUntil="2042-02-30T00:00:00Z"),
        ),
        "valid_from_after_the_year_9999": (
            "issuer_trusted",
            "not_an_instant",
            passport(validFrom="9999-12-31T23:59:59-23:59"),
        ),
        "valid_until_before_the_year_1": (
            "validity",
            "not_an_instant",
            passport(validUntil="0001-01-01T00:00:00+23:59"),
        ),
        "valid_until_in_the_year_0": (
            "validity",
            "not_an_instant",
            passport(validUntil="0000-12-31T23:59:59-23:59"),
        ),
        "exp_in_the_past": ("validity", "expired", passport(validUntil=None, exp=1_800_000_000)),
        "exp_is_text": ("validity", "not_an_instant", passport(validUntil=None, exp="2042")),
        "identifier_of_another_battery": (
            "identifier",
            "identifier_differs",
            passport(id="urn:x", credentialSubject={"id": other_link}),
        ),
    }
    assets = {
        name: refused(step, reason, signed(document).decode())
        for name, (step, reason, document) in made.items()
    }
    assets["key_retired_before_issue"] = refused(
        "validity", "key_retired", good(), documents(maker=did_document(MAKER, retired))
    )
    assets["gs1_prefix_of_another"] = refused(
        "identifier", "gs1_prefix_of_another", good(), trust(foreign_prefix)
    )
    return assets


def status_assets() -> dict[str, Asset]:
    cases = [*_withdrawn(), *_foreign_lists(), *_bad_lists(), *_bad_entries()]
    return {
        name: refused("status", reason, credential, evidence)
        for name, reason, credential, evidence in cases
    }


# Name, reason, credential, and the evidence that is otherwise than usual.
_Case = tuple[str, str, str, dict[str, Any] | None]


def _withdrawn() -> list[_Case]:
    retired = PublicKeyEntry(MAKER_KEY.public_jwk, expires=AT - timedelta(days=10))
    return [
        ("revoked", "revoked", signed(passport(REVOKED)).decode(), None),
        ("suspended", "suspended", signed(passport(SUSPENDED)).decode(), None),
        (
            "status_list_signed_by_a_retired_key",
            "status_list_key_retired",
            signed(passport(validFrom="2027-02-10T00:00:00Z")).decode(),
            documents(maker=did_document(MAKER, retired)),
        ),
    ]


def _foreign_lists() -> list[_Case]:
    stolen = status_list(key=STRANGER_KEY, did=STRANGER)
    own_key = status_list(key=STRANGER_KEY)
    trusted = trust(entry(), entry(STRANGER, STRANGER_KEY))
    return [
        (
            "status_list_of_another_issuer",
            "status_list_of_another",
            good(),
            {**lists(revocation=stolen), **trusted},
        ),
        (
            "status_list_of_an_untrusted_issuer",
            "status_list_issuer_not_trusted",
            good(),
            lists(revocation=stolen),
        ),
        (
            "status_list_signed_by_a_stranger",
            "status_list_key_not_found",
            good(),
            lists(revocation=own_key),
        ),
    ]


def _bad_lists() -> list[_Case]:
    short = signed(
        {
            **passport(credentialStatus=None, id=REVOCATION),
            "type": ["VerifiableCredential", "BitstringStatusListCredential"],
            "credentialSubject": {"statusPurpose": "revocation", "encodedList": "uAAAA"},
        }
    )
    bad: list[tuple[str, str, bytes]] = [
        (
            "status_list_one_bit_flipped",
            "status_list_signature_invalid",
            flipped(status_list().decode(), -20).encode(),
        ),
        (
            "status_list_from_another_place",
            "status_list_substituted",
            status_list(f"{REVOCATION}0"),
        ),
        (
            "status_list_for_another_purpose",
            "status_purpose",
            status_list(REVOCATION, "suspension"),
        ),
        ("status_list_not_compressed", "not_compressed", short),
        ("status_list_is_a_passport", "not_a_status_list", signed(passport(id=REVOCATION))),
    ]
    return [(name, reason, good(), lists(revocation=found)) for name, reason, found in bad]


def _bad_entries() -> list[_Case]:
    far = status_entry(REVOCATION, "revocation", 131_072)
    incomplete = {**status_entry(REVOCATION, "revocation", 1), "statusListIndex": 1}
    negative = {**status_entry(REVOCATION, "revocation", 1), "statusListIndex": "-1"}
    return [
        ("status_index_beyond_the_list", "status_index", status(far), None),
        ("status_index_is_a_number", "status_entry_incomplete", status(incomplete), None),
        ("status_index_negative", "status_index", status(negative), None),
        ("status_type_unknown", "status_type_unknown", status({"type": "Other"}), None),
    ]
