"""Assets with a defect around the credential: parse, format, algorithm."""

import json

from signing import base64url
from signing.canonical import JsonValue, canonicalize
from signing.jws import encode_header
from tests.signing.asset_parts import (
    HEADER,
    Asset,
    der,
    good,
    hmac_with_public_key,
    part,
    raw,
    refused,
    unused_bits,
    with_header,
)
from tests.signing.world import (
    p256,
    passport,
    signed,
)


def parse_assets() -> dict[str, Asset]:
    text = canonicalize(passport()).decode()
    deep = text.replace('"category":"ev"', '"category":' + "[" * 40 + "]" * 40)
    return {
        name: refused("parse", reason, credential)
        for name, reason, credential in (
            ("empty", "not_compact_jws", ""),
            ("two_parts", "not_compact_jws", good().rsplit(".", 1)[0]),
            ("four_parts", "not_compact_jws", good() + ".AAAA"),
            ("json_serialisation", "proof_missing", json.dumps({"payload": "AAAA"})),
            ("signature_padded", "not_base64url", good() + "=="),
            ("signature_with_newline", "not_base64url", good() + "\n"),
            ("signature_unused_bits_set", "not_base64url", part(2, unused_bits)),
            ("payload_other_alphabet", "not_base64url", part(1, lambda part: part[:-1] + "+")),
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
        "claim_vc_of_version_1": ("not_vcdm_2", signed(passport(vc=passport()))),
        "claim_vp_of_version_1": ("not_vcdm_2", signed({**passport(), "vp": None})),
        "type_missing": ("not_a_credential", signed(passport(type=["DigitalBatteryPassport"]))),
        "subject_missing": ("not_a_credential", signed(passport(credentialSubject=None))),
        "issuer_missing": ("issuer_missing", signed(passport(issuer=None))),
        "issuer_without_id": ("issuer_missing", signed(passport(issuer={"name": "Maker"}))),
    }
    return {
        name: refused("format", reason, made_of if isinstance(made_of, str) else made_of.decode())
        for name, (reason, made_of) in made.items()
    }


def algorithm_assets() -> dict[str, Asset]:
    attacker = p256("attacker").public_jwk
    unsigned = encode_header({**HEADER, "alg": "none"}) + base64url.encode(canonicalize(passport()))
    return {
        name: refused("algorithm", reason, credential)
        for name, reason, credential in (
            ("alg_none", "algorithm_not_allowed", unsigned.decode() + "."),
            ("alg_missing", "algorithm_not_allowed", with_header(alg=None)),
            ("alg_is_a_number", "algorithm_not_allowed", with_header(alg=256)),
            ("alg_lower_case", "algorithm_not_allowed", with_header(alg="es256")),
            ("alg_es384", "algorithm_not_allowed", with_header(alg="ES384")),
            ("alg_hmac_with_public_key", "algorithm_not_allowed", hmac_with_public_key()),
            ("header_brings_its_own_key", "header_not_allowed", with_header(jwk=dict(attacker))),
            ("header_jku", "header_not_allowed", with_header(jku="https://evil.example/keys")),
            ("header_x5u", "header_not_allowed", with_header(x5u="https://evil.example/cert")),
            ("header_crit", "header_not_allowed", with_header(crit=["exp"], exp=1)),
            ("header_b64_false", "header_not_allowed", with_header(b64=False)),
            ("signature_der", "signature_length", der()),
            ("signature_empty", "signature_length", part(2, lambda _: "")),
        )
    }
