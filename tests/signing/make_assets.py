"""Makes the files in assets/: credentials with exactly one defect each, named after it.

``python tests/signing/make_assets.py`` writes them again; a test compares. Each file says at
which step and for which reason it must be refused, so that verifiers in other languages can use it
too.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key

from signing import base64url
from signing.canonical import JsonValue, canonicalize
from signing.data_integrity import add_proof
from signing.did_web import PublicKeyEntry
from signing.instants import format_instant
from signing.jws import encode_header, sign_compact
from signing.keys.signing_key import SigningKey
from signing.keys.verifying_key import from_jwk
from signing.status_list import status_entry
from tests.signing.world import (
    ASSETS,
    AT,
    CERTIFIER,
    CERTIFIER_KEY,
    INDEX,
    LINK,
    MAKER,
    MAKER_KEY,
    REFRESH,
    REVOCATION,
    REVOKED,
    ROOT_KEY,
    STRANGER,
    STRANGER_KEY,
    SUPERSEDED,
    SUSPENDED,
    SUSPENSION,
    did_document,
    ed25519,
    entry,
    p256,
    passport,
    signed,
    status_list,
    trust_list,
)

KID: Final = f"{MAKER}#{MAKER_KEY.kid}"
HEADER: Final[dict[str, JsonValue]] = {
    "alg": "ES256",
    "cty": "vc",
    "iss": MAKER,
    "kid": KID,
    "typ": "vc+jwt",
}
_LAST_OF_86: Final = (
    "AQgw"  # a signature of 64 bytes takes 86 characters; 4 bits of the last are unused
)


@dataclass(frozen=True)
class Asset:
    """One credential, what is changed in the evidence for it, and what must come out."""

    step: str | None
    reason: str
    verdict: str
    credential: str
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def to_document(self) -> dict[str, Any]:
        return {
            "expected": {"verdict": self.verdict, "step": self.step, "reasonCode": self.reason},
            "evidence": dict(self.evidence),
            "credential": self.credential,
        }


def base_evidence() -> dict[str, Any]:
    """The evidence that all assets share."""
    return {
        "at": format_instant(AT),
        "didDocuments": {
            MAKER: did_document(),
            STRANGER: did_document(STRANGER, PublicKeyEntry(STRANGER_KEY.public_jwk)),
        },
        "trustList": trust_list().sign(ROOT_KEY).decode(),
        "trustRoots": [ROOT_KEY.public_jwk],
        "statusLists": status_lists(),
        "expectedIdentifier": LINK,
    }


def status_lists(**replaced: bytes) -> dict[str, str]:
    """The three lists of the maker, some of them replaced."""
    lists = {
        REVOCATION: replaced.get("revocation")
        or status_list(REVOCATION, "revocation", set_bits=(REVOKED,)),
        SUSPENSION: replaced.get("suspension")
        or status_list(SUSPENSION, "suspension", set_bits=(SUSPENDED,)),
        REFRESH: replaced.get("refresh") or status_list(REFRESH, "refresh", set_bits=(SUPERSEDED,)),
    }
    return {url: data.decode() for url, data in lists.items()}


def with_header(key: SigningKey = MAKER_KEY, **changes: JsonValue) -> str:
    """A passport under a changed header, signed all the same; ``None`` takes a member away."""
    header = {name: value for name, value in {**HEADER, **changes}.items() if value is not None}
    return sign_compact(encode_header(header), canonicalize(passport()), key).decode()


def raw(payload: bytes, header: bytes | None = None) -> str:
    """Any bytes as payload, and any as header, signed all the same."""
    start = (base64url.encode(header) + b".") if header is not None else encode_header(HEADER)
    return sign_compact(start, payload, MAKER_KEY).decode()


def _good() -> str:
    return signed(passport()).decode()


def _part(place: int, change: Callable[[str], str]) -> str:
    parts = _good().split(".")
    parts[place] = change(parts[place])
    return ".".join(parts)


def _flipped(text: str, place: int = 40) -> str:
    place %= len(text)
    return text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]


def _unused_bits(signature: str) -> str:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return signature[:-1] + alphabet[alphabet.index(signature[-1]) + 1]


def _der() -> str:
    header, payload, signature = _good().split(".")
    data = base64url.decode(signature.encode(), "signature")
    r, s = (int.from_bytes(part).to_bytes(33) for part in (data[:32], data[32:]))
    der = b"\x30\x46\x02\x21" + r + b"\x02\x21" + s
    return f"{header}.{payload}.{base64url.encode(der).decode()}"


def _zero_signature() -> str:
    return _part(2, lambda _: base64url.encode(bytes(64)).decode())


def _hmac_with_public_key() -> str:
    """The classic: HS256 with the public key as the secret."""
    start = encode_header({**HEADER, "alg": "HS256"})
    signing_input = start + base64url.encode(canonicalize(passport()))
    key = derive_private_key(1, SECP256R1()).public_key()  # any public bytes serve
    mac = hashlib.sha256(str(key.public_numbers().x).encode() + signing_input).digest()
    return (signing_input + b"." + base64url.encode(mac + mac)).decode()


def _lists(**replaced: bytes) -> dict[str, Any]:
    return {"statusLists": status_lists(**replaced)}


def _trust(*entries: Any, **changes: Any) -> dict[str, Any]:
    return {"trustList": trust_list(*entries, **changes).sign(ROOT_KEY).decode()}


def _documents(**documents: Any) -> dict[str, Any]:
    return {"didDocuments": {f"did:web:{name}.example": doc for name, doc in documents.items()}}


def _status(*entries: JsonValue) -> str:
    return signed(passport(credentialStatus=list(entries))).decode()


def _refused(step: str, reason: str, credential: str, evidence: Any = None) -> Asset:
    return Asset(step, reason, "invalid", credential, evidence or {})


def parse_assets() -> dict[str, Asset]:
    text = canonicalize(passport()).decode()
    deep = text.replace('"category":"ev"', '"category":' + "[" * 40 + "]" * 40)
    return {
        name: _refused("parse", reason, credential)
        for name, reason, credential in (
            ("empty", "not_compact_jws", ""),
            ("two_parts", "not_compact_jws", _good().rsplit(".", 1)[0]),
            ("four_parts", "not_compact_jws", _good() + ".AAAA"),
            ("json_serialisation", "proof_missing", json.dumps({"payload": "AAAA"})),
            ("signature_padded", "not_base64url", _good() + "=="),
            ("signature_with_newline", "not_base64url", _good() + "\n"),
            ("signature_unused_bits_set", "not_base64url", _part(2, _unused_bits)),
            ("payload_other_alphabet", "not_base64url", _part(1, lambda part: part[:-1] + "+")),
            ("header_not_json", "not_json", raw(text.encode(), b"vc+jwt")),
            ("header_is_an_array", "not_an_object", raw(text.encode(), b'["ES256"]')),
            (
                "header_alg_twice",
                "duplicate_key",
                raw(text.encode(), b'{"alg":"ES256","alg":"none"}'),
            ),
            (
                "payload_key_twice",
                "duplicate_key",
                raw(text.replace('"category"', '"category":"lmt","category"').encode()),
            ),
            (
                "payload_key_twice_by_escape",
                "duplicate_key",
                raw(text.replace('"category"', '"\\u0063ategory":"lmt","category"').encode()),
            ),
            ("payload_nan", "not_finite", raw(text.replace("150.5", "NaN").encode())),
            ("payload_overflow", "not_finite", raw(text.replace("150.5", "1e999").encode())),
            (
                "payload_integer_beyond_double",
                "integer_too_large",
                raw(text.replace("150.5", "9007199254740993").encode()),
            ),
            (
                "payload_lone_surrogate",
                "lone_surrogate",
                raw(text.replace('"ev"', '"\\ud800"').encode()),
            ),
            ("payload_too_deep", "too_deep", raw(deep.encode())),
            ("payload_latin_1", "not_utf8", raw(text.encode("latin-1"))),
            ("payload_byte_order_mark", "not_json", raw(b"\xef\xbb\xbf" + text.encode())),
            ("payload_is_an_array", "not_an_object", raw(b"[]")),
        )
    }


def format_assets() -> dict[str, Asset]:
    old_context: JsonValue = ["https://www.w3.org/2018/credentials/v1"]
    without_context = {k: v for k, v in passport().items() if k != "@context"}
    made: dict[str, tuple[str, str | bytes]] = {
        "typ_missing": ("typ_unknown", with_header(typ=None)),
        "typ_plain_jwt": ("typ_unknown", with_header(typ="JWT")),
        "typ_sd_jwt": ("typ_unknown", with_header(typ="dc+sd-jwt")),
        "typ_is_an_array": ("typ_unknown", with_header(typ=["vc+jwt"])),
        "cty_presentation": ("cty_unknown", with_header(cty="vp")),
        "context_of_version_1": ("not_vcdm_2", signed({**passport(), "@context": old_context})),
        "context_missing": ("not_vcdm_2", signed(without_context)),
        "type_missing": ("not_a_credential", signed(passport(type=["DigitalBatteryPassport"]))),
        "subject_missing": ("not_a_credential", signed(passport(credentialSubject=None))),
        "issuer_missing": ("issuer_missing", signed(passport(issuer=None))),
        "issuer_without_id": ("issuer_missing", signed(passport(issuer={"name": "Maker"}))),
    }
    return {
        name: _refused("format", reason, made_of if isinstance(made_of, str) else made_of.decode())
        for name, (reason, made_of) in made.items()
    }


def algorithm_assets() -> dict[str, Asset]:
    attacker = p256("attacker").public_jwk
    unsigned = encode_header({**HEADER, "alg": "none"}) + base64url.encode(canonicalize(passport()))
    return {
        name: _refused("algorithm", reason, credential)
        for name, reason, credential in (
            ("alg_none", "algorithm_not_allowed", unsigned.decode() + "."),
            ("alg_missing", "algorithm_not_allowed", with_header(alg=None)),
            ("alg_is_a_number", "algorithm_not_allowed", with_header(alg=256)),
            ("alg_lower_case", "algorithm_not_allowed", with_header(alg="es256")),
            ("alg_es384", "algorithm_not_allowed", with_header(alg="ES384")),
            ("alg_hmac_with_public_key", "algorithm_not_allowed", _hmac_with_public_key()),
            ("header_brings_its_own_key", "header_not_allowed", with_header(jwk=dict(attacker))),
            ("header_jku", "header_not_allowed", with_header(jku="https://evil.example/keys")),
            ("header_x5u", "header_not_allowed", with_header(x5u="https://evil.example/cert")),
            ("header_crit", "header_not_allowed", with_header(crit=["exp"], exp=1)),
            ("header_b64_false", "header_not_allowed", with_header(b64=False)),
            ("signature_der", "signature_length", _der()),
            ("signature_empty", "signature_length", _part(2, lambda _: "")),
        )
    }


def issuer_assets() -> dict[str, Asset]:
    foreign = f"{STRANGER}#{STRANGER_KEY.kid}"
    other_entry = entry(STRANGER, STRANGER_KEY)
    document_of_another = _documents(maker=did_document(STRANGER))
    empty = {**did_document(), "assertionMethod": []}
    certifier = entry(CERTIFIER, CERTIFIER_KEY, "certifier")
    later = entry(valid_from=AT - timedelta(days=1))
    stranger = signed(passport(issuer=STRANGER), STRANGER_KEY, STRANGER).decode()
    return {
        "kid_of_another_issuer": _refused(
            "issuer_found", "key_not_found", with_header(kid=foreign)
        ),
        "kid_unknown": _refused("issuer_found", "key_not_found", with_header(kid=f"{MAKER}#0")),
        "kid_is_a_number": _refused("issuer_found", "key_not_found", with_header(kid=0)),
        "iss_of_another": _refused(
            "issuer_found", "issuer_contradicted", with_header(iss=STRANGER)
        ),
        "payload_iss_of_another": _refused(
            "issuer_found", "issuer_contradicted", signed(passport(iss=STRANGER)).decode()
        ),
        "did_document_of_another": _refused(
            "issuer_found", "did_document_of_another", _good(), document_of_another
        ),
        "key_not_for_assertions": _refused(
            "issuer_found", "key_not_found", _good(), _documents(maker=empty)
        ),
        "alg_of_another_key_type": _refused(
            "issuer_found", "key_type_mismatch", with_header(alg="EdDSA")
        ),
        "issuer_not_in_trust_list": _refused("issuer_trusted", "issuer_not_trusted", stranger),
        "issuer_is_only_a_certifier": _refused(
            "issuer_trusted",
            "issuer_not_trusted",
            signed(passport(issuer=CERTIFIER), CERTIFIER_KEY, CERTIFIER).decode(),
            {
                **_trust(certifier),
                **_documents(
                    laboratory=did_document(CERTIFIER, PublicKeyEntry(CERTIFIER_KEY.public_jwk))
                ),
            },
        ),
        "type_out_of_scope": _refused(
            "issuer_trusted", "type_out_of_scope", _good(), _trust(entry(scope=("Other",)))
        ),
        "key_not_in_trust_list": _refused(
            "issuer_trusted",
            "key_not_trusted",
            _good(),
            _trust(entry(key=STRANGER_KEY), other_entry),
        ),
        "issued_before_trust_began": _refused(
            "issuer_trusted", "trust_not_at_issue", _good(), _trust(later)
        ),
    }


def signature_assets() -> dict[str, Asset]:
    revoked = PublicKeyEntry(MAKER_KEY.public_jwk, revoked=AT)
    header, payload, signature = _good().split(".")
    other = signed(passport(INDEX + 1)).decode().split(".")
    return {
        name: _refused("signature", reason, credential, evidence)
        for name, reason, credential, evidence in (
            ("signature_one_bit_flipped", "signature_invalid", _part(2, _flipped), None),
            ("signature_all_zero", "signature_invalid", _zero_signature(), None),
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
                _part(1, _improved),
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
                _good(),
                _documents(maker=did_document(MAKER, revoked)),
            ),
        )
    }


def _improved(payload: str) -> str:
    data = base64url.decode(payload.encode(), "payload")
    improved = data.replace(b'kg_co2e_per_kwh":61', b'kg_co2e_per_kwh":31')
    return base64url.encode(improved).decode()


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
        "exp_in_the_past": ("validity", "expired", passport(validUntil=None, exp=1_800_000_000)),
        "exp_is_text": ("validity", "not_an_instant", passport(validUntil=None, exp="2042")),
        "identifier_of_another_battery": (
            "identifier",
            "identifier_differs",
            passport(id="urn:x", credentialSubject={"id": other_link}),
        ),
    }
    assets = {
        name: _refused(step, reason, signed(document).decode())
        for name, (step, reason, document) in made.items()
    }
    assets["key_retired_before_issue"] = _refused(
        "validity", "key_retired", _good(), _documents(maker=did_document(MAKER, retired))
    )
    assets["gs1_prefix_of_another"] = _refused(
        "identifier", "gs1_prefix_of_another", _good(), _trust(foreign_prefix)
    )
    return assets


def status_assets() -> dict[str, Asset]:
    stolen = status_list(key=STRANGER_KEY, did=STRANGER)
    wrong_place = status_list(f"{REVOCATION}0")
    wrong_purpose = status_list(REVOCATION, "suspension")
    own_key = status_list(key=STRANGER_KEY)
    short = signed(
        {
            **passport(credentialStatus=None, id=REVOCATION),
            "type": ["VerifiableCredential", "BitstringStatusListCredential"],
            "credentialSubject": {"statusPurpose": "revocation", "encodedList": "uAAAA"},
        }
    )
    no_list = signed(passport(id=REVOCATION))
    far = status_entry(REVOCATION, "revocation", 131_072)
    incomplete = {**status_entry(REVOCATION, "revocation", 1), "statusListIndex": 1}
    negative = {**status_entry(REVOCATION, "revocation", 1), "statusListIndex": "-1"}
    trusted = _trust(entry(), entry(STRANGER, STRANGER_KEY))
    return {
        name: _refused("status", reason, credential, evidence)
        for name, reason, credential, evidence in (
            ("revoked", "revoked", signed(passport(REVOKED)).decode(), None),
            ("suspended", "suspended", signed(passport(SUSPENDED)).decode(), None),
            (
                "status_list_of_another_issuer",
                "status_list_of_another",
                _good(),
                {**_lists(revocation=stolen), **trusted},
            ),
            (
                "status_list_of_an_untrusted_issuer",
                "status_list_issuer_not_trusted",
                _good(),
                _lists(revocation=stolen),
            ),
            (
                "status_list_signed_by_a_stranger",
                "status_list_key_not_found",
                _good(),
                _lists(revocation=own_key),
            ),
            (
                "status_list_one_bit_flipped",
                "status_list_signature_invalid",
                _good(),
                _lists(revocation=_flipped(status_list().decode(), -20).encode()),
            ),
            (
                "status_list_signed_by_a_retired_key",
                "status_list_key_retired",
                signed(passport(validFrom="2027-02-10T00:00:00Z")).decode(),
                _documents(
                    maker=did_document(
                        MAKER,
                        PublicKeyEntry(MAKER_KEY.public_jwk, expires=AT - timedelta(days=10)),
                    )
                ),
            ),
            (
                "status_list_from_another_place",
                "status_list_substituted",
                _good(),
                _lists(revocation=wrong_place),
            ),
            (
                "status_list_for_another_purpose",
                "status_purpose",
                _good(),
                _lists(revocation=wrong_purpose),
            ),
            ("status_list_not_compressed", "not_compressed", _good(), _lists(revocation=short)),
            ("status_list_is_a_passport", "not_a_status_list", _good(), _lists(revocation=no_list)),
            ("status_index_beyond_the_list", "status_index", _status(far), None),
            ("status_index_is_a_number", "status_entry_incomplete", _status(incomplete), None),
            ("status_index_negative", "status_index", _status(negative), None),
            ("status_type_unknown", "status_type_unknown", _status({"type": "Other"}), None),
        )
    }


def embedded_assets() -> dict[str, Asset]:
    """The same passport with an embedded proof (ecdsa-jcs-2019)."""

    def secured(**proof: JsonValue) -> dict[str, Any]:
        made: Any = add_proof(passport(), MAKER_KEY, MAKER, AT - timedelta(days=5))
        made["proof"].update(proof)
        return {**made, "proof": {k: v for k, v in made["proof"].items() if v is not None}}

    def text(document: JsonValue) -> str:
        return canonicalize(document).decode()

    improved = text(secured()).replace('kg_co2e_per_kwh":61', 'kg_co2e_per_kwh":31')
    foreign = f"{STRANGER}#{from_jwk(STRANGER_KEY.public_jwk).multikey}"
    stolen = add_proof(passport(), STRANGER_KEY, MAKER, AT)
    twice: Any = secured()
    made = {
        "embedded_footprint_improved": ("signature", "signature_invalid", improved),
        "embedded_proof_redated": (
            "signature",
            "signature_invalid",
            text(secured(created="2027-02-19T00:00:00Z")),
        ),
        "embedded_proof_of_another_issuer": (
            "issuer_found",
            "key_not_found",
            text(secured(verificationMethod=foreign)),
        ),
        "embedded_proof_by_a_stranger": ("issuer_found", "key_not_found", text(stolen)),
        "embedded_proof_without_method": (
            "issuer_found",
            "key_not_found",
            text(secured(verificationMethod=None)),
        ),
        "embedded_proof_without_value": ("parse", "not_multibase", text(secured(proofValue=None))),
        "embedded_proof_of_an_unknown_suite": (
            "parse",
            "cryptosuite_unknown",
            text(secured(cryptosuite="ecdsa-rdfc-2019")),
        ),
        "embedded_proof_of_another_type": (
            "parse",
            "cryptosuite_unknown",
            text(secured(type="Ed25519Signature2020")),
        ),
        "embedded_proof_of_another_suite": (
            "issuer_found",
            "key_type_mismatch",
            text(secured(cryptosuite="eddsa-jcs-2022")),
        ),
        "embedded_proof_for_authentication": (
            "parse",
            "proof_purpose",
            text(secured(proofPurpose="authentication")),
        ),
        "embedded_proof_of_another_context": (
            "parse",
            "proof_context",
            text(secured(**{"@context": ["https://evil.example"]})),
        ),
        "embedded_proofs_two": (
            "parse",
            "proof_missing",
            text({**twice, "proof": [twice["proof"], twice["proof"]]}),
        ),
    }
    assets = {
        name: _refused(step, reason, credential)
        for name, (step, reason, credential) in made.items()
    }
    assets["good_embedded_proof"] = Asset(None, "not_withdrawn", "valid", text(secured()))
    return assets


def accepted_assets() -> dict[str, Asset]:
    """What must be accepted, with a warning or without, or cannot be told: the other side."""
    other = ed25519("maker")
    documents = _documents(
        maker=did_document(
            MAKER, PublicKeyEntry(MAKER_KEY.public_jwk), PublicKeyEntry(other.public_jwk)
        )
    )
    trusting = {**_trust(entry(keys=())), **documents}
    stale = status_list(valid_from=AT - timedelta(days=20))
    ended = _trust(entry(valid_until=AT - timedelta(days=1)))
    old_list = _trust(valid_until=AT - timedelta(days=1))
    without = {url: text for url, text in status_lists().items() if url != REVOCATION}
    return {
        "good": Asset(None, "not_withdrawn", "valid", _good()),
        "good_without_kid": Asset(None, "not_withdrawn", "valid", with_header(kid=None)),
        "good_legacy_typ": Asset(None, "not_withdrawn", "valid", with_header(typ="vc-ld+jwt")),
        "good_eddsa_without_kid": Asset(
            None,
            "not_withdrawn",
            "valid",
            with_header(key=other, alg="EdDSA", kid=None, cty=None),
            trusting,
        ),
        "good_unknown_header": Asset(None, "not_withdrawn", "valid", with_header(note="x")),
        "good_offline_without_did_document": Asset(
            None, "not_withdrawn", "valid", _good(), {"didDocuments": {}}
        ),
        "superseded": Asset(
            "version", "superseded", "valid_with_warnings", signed(passport(SUPERSEDED)).decode()
        ),
        "status_list_stale": Asset(
            "status", "status_list_stale", "valid_with_warnings", _good(), _lists(revocation=stale)
        ),
        "trust_ended": Asset(
            "issuer_trusted", "trust_ended", "valid_with_warnings", _good(), ended
        ),
        "trust_list_stale": Asset(
            "issuer_trusted", "trust_list_stale", "valid_with_warnings", _good(), old_list
        ),
        "no_trust_list": Asset(
            "issuer_trusted", "no_trust_list", "valid_with_warnings", _good(), {"trustList": None}
        ),
        "status_list_missing": Asset(
            "status", "status_list_missing", "cannot_tell", _good(), {"statusLists": without}
        ),
        "nothing_known_of_the_issuer": Asset(
            "issuer_found",
            "did_document_missing",
            "cannot_tell",
            _good(),
            {"didDocuments": {}, "trustList": None},
        ),
    }


def all_assets() -> dict[str, Asset]:
    """Every asset by its name."""
    return {
        **parse_assets(),
        **format_assets(),
        **algorithm_assets(),
        **issuer_assets(),
        **signature_assets(),
        **content_assets(),
        **status_assets(),
        **embedded_assets(),
        **accepted_assets(),
    }


def files() -> dict[str, str]:
    """The content of every file in assets/credentials/."""
    documents: dict[str, Any] = {"_evidence": base_evidence()}
    documents.update({name: asset.to_document() for name, asset in all_assets().items()})
    return {
        f"{name}.json": json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
        for name, document in documents.items()
    }


if __name__ == "__main__":
    folder = ASSETS / "credentials"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.json"):
        old.unlink()
    for name, content in files().items():
        (folder / name).write_text(content, encoding="utf-8")
