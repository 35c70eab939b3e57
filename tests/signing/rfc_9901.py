"""The example of RFC 9901, section 5.1, and the issuer's key of its appendix A.5: facts to be held against.

The text of the JWS is put together here from its parts; that the published signature fits it shows that it
is, byte for byte, the one of the RFC.
"""

import base64
import json
from typing import Any, Final

# Disclosures by their digests, as section 5.1 lists them.
DISCLOSED: Final[dict[str, str]] = {
    "jsu9yVulwQQlhFlM_3JlzMaSFzglhQG0DpfayQwLUK4": '["2GLC42sKQveCfGfryNRN9w", "given_name", "John"]',
    "TGf4oLbgwd5JQaHyKVQZU9UdGE0w5rtDsrZzfUaomLo": '["eluV5Og3gSNII8EYnsxA_A", "family_name", "Doe"]',
    "JzYjH4svliH0R3PyEMfeZu6Jt69u5qehZo7F7EPYlSE": (
        '["6Ij7tM-a5iVPGboS5tmvVA", "email", "johndoe@example.com"]'
    ),
    "PorFbpKuVu6xymJagvkFsFXAbRoc2JGlAUA2BA4o7cI": (
        '["eI8ZWm9QnKPpNPeNenHdhQ", "phone_number", "+1-202-555-0101"]'
    ),
    "XQ_3kPKt1XyX7KANkqVR6yZ2Va5NrPIvPYbyMvRKBMM": (
        '["Qg_O64zqAxe412a108iroA", "phone_number_verified", true]'
    ),
    "XzFrzwscM6Gn6CJDc6vVK8BkMnfG8vOSKfpPIZdAfdE": (
        '["AJx-095VPrpTtN4QMOqROA", "address", {"street_address": "123 Main St", '
        '"locality": "Anytown", "region": "Anystate", "country": "US"}]'
    ),
    "gbOsI4Edq2x2Kw-w5wPEzakob9hV1cRD0ATN3oQL9JM": (
        '["Pc33JM2LchcU_lHggv_ufQ", "birthdate", "1940-01-01"]'
    ),
    "CrQe7S5kqBAHt-nMYXgc6bdt2SH5aTY1sU_M-PgkjPI": '["G02NSrQfjFXQ7Io09syajA", "updated_at", 1570000000]',
    "pFndjkZ_VCzmyTa6UjlZo3dh-ko8aIKQc9DlGzhaVYo": '["lklxF5jMYlGTPUovMNIvCA", "US"]',
    "7Cf6JkPudry3lcbwHgeZ8khAv1U1OSlerP0VkBJrWZ0": '["nPuoQnkRFq3BIeAm7AnXFA", "DE"]',
}
NATIONALITIES: Final = list(DISCLOSED)[-2:]
ISSUER_KEY: Final = {
    "kty": "EC",
    "crv": "P-256",
    "x": "b28d4MwZMjw8-00CG4xfnn9SLMVMM19SlqZpVb_uNtQ",
    "y": "Xv5zWwuoaTgdS6hV43yI6gBwTnjukmFQQnJ_kCxzqk8",
}
_HOLDER_KEY: Final = {
    "kty": "EC",
    "crv": "P-256",
    "x": "TCAER19Zvu3OHF4j4W4vfSVoHIP1ILilDls7vCeGemc",
    "y": "ZxjiWWbZMQGHVWKVQ4hbSIirsVfuecCE6t4jT9F2HZQ",
}
PAYLOAD: Final[dict[str, Any]] = {
    "_sd": sorted(list(DISCLOSED)[:-2]),
    "iss": "https://issuer.example.com",
    "iat": 1683000000,
    "exp": 1883000000,
    "sub": "user_42",
    "nationalities": [{"...": digest} for digest in NATIONALITIES],
    "_sd_alg": "sha-256",
    "cnf": {"jwk": _HOLDER_KEY},
}
_SIGNATURE: Final = (
    b"MczwjBFGtzf-6WMT-hIvYbkb11NrV1WMO-jTijpMPNbswNzZ87wY2uHz-CXo6R04b7jYrpj9mNRAvVssXou1iw"
)


def encoded(text: str) -> bytes:
    """Base64url of a text."""
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=")


_HEADER: Final = encoded('{"alg": "ES256", "typ": "example+sd-jwt"}')
RFC_9901_SD_JWT: Final = b"~".join(
    [
        b".".join([_HEADER, encoded(json.dumps(PAYLOAD)), _SIGNATURE]),
        *map(encoded, DISCLOSED.values()),
        b"",
    ]
)
