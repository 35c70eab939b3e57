"""Payloads as an operator of the world signs them, honest or not."""

from collections.abc import Mapping
from typing import Any

import orjson

from signing.canonical import canonicalize
from signing.credentials import CredentialSigner, decode
from tests.worlds import GTIN, MAKER, World

LINK = f"https://id.example.com/01/{GTIN}/21/SN-1"


def signed(world: World, payload: Mapping[str, Any], operator: str = MAKER) -> bytes:
    """Sign a payload as an operator of the world does."""
    with world.store.reading() as reading:
        key = world.keyring.current(reading, operator)
    did = f"did:web:id.example.com:operators:{operator}"
    return CredentialSigner(key, did).sign(canonicalize(dict(payload)))


def payload_of(world: World, serial: str = "SN-1") -> dict[str, Any]:
    """Return what a passport says."""
    document: dict[str, Any] = orjson.loads(decode(world.credential(serial)).payload_bytes)
    return document
