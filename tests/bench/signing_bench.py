"""How fast signing is, each measured in turns with what it cannot be faster than."""

import multiprocessing
import random
import zlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
    derive_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256

from signing.canonical import JsonValue, canonicalize
from signing.credentials import CredentialSigner, decode, subjects_of
from signing.did_web import PublicKeyEntry, build_document
from signing.evidence import Evidence
from signing.keys.software_key import P256Key
from signing.merkle import MerkleTree, leaf_hash
from signing.shipment import ShipmentItem, examine_shipment
from signing.status_list import StatusList, build_status_list_credential, status_entry
from signing.trust import TrustEntry, TrustList, trusted_key
from tests.bench.frame import Benchmark, in_turns, seconds

DID: Final = "did:web:maker.example"
STATUS: Final = "https://maker.example/status/1"
AT: Final = datetime(2027, 3, 1, tzinfo=UTC)
SECRET: Final = bytes([7]) * 32  # everybody can compute it: for measuring only
SHIPMENT: Final = 10_000
LEAVES: Final = 200_000
_ES256: Final = ECDSA(SHA256())


def passport(serial: int) -> dict[str, JsonValue]:
    """A passport of about 4 kB."""
    stages: list[JsonValue] = [
        {
            "activity": f"activity {place}",
            "amount_kwh": 60.0 + place,
            "footprint_kg_co2e": 61.25 + place,
            "origin": "company specific" if place % 2 else "secondary",
            "source": "meter reading, January to December",
        }
        for place in range(24)
    ]
    return {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": f"https://id.maker.example/01/09520123456788/21/BP{serial:012d}?v=1",
        "type": ["VerifiableCredential", "DigitalBatteryPassport"],
        "issuer": DID,
        "validFrom": "2027-02-18T00:00:00Z",
        "credentialSubject": {
            "id": f"https://id.maker.example/01/09520123456788/21/BP{serial:012d}",
            "category": "ev",
            "carbonFootprint_kg_co2e_per_kwh": 61.25,
            "stages": stages,
        },
        "credentialStatus": [status_entry(STATUS, "revocation", serial)],
    }


def run() -> Iterator[Benchmark]:
    """Yield one result for each promise about the speed of signing."""
    yield signing()
    yield canonical()
    yield shipment()
    yield from log()
    yield status_list()


def signing() -> Benchmark:
    """Sign vc+jwt on one core, against the bare signature of the same library."""
    signer = CredentialSigner(P256Key.from_secret(SECRET), DID)
    bare = derive_private_key(int.from_bytes(SECRET), SECP256R1())
    payloads = [canonicalize(passport(serial)) for serial in range(1000)]
    ours, theirs = in_turns(
        lambda: [signer.sign(payload) for payload in payloads],
        lambda: [bare.sign(payload, _ES256) for payload in payloads],
    )
    return _rate("sign a vc+jwt of 4 kB", len(payloads), ours, "bare P-256 sign", theirs, 0.5)


def canonical() -> Benchmark:
    """Canonical bytes, against the reference implementation."""
    documents = [passport(serial) for serial in range(200)]
    ours, theirs = in_turns(
        lambda: [canonicalize(document) for document in documents],
        lambda: [rfc8785.dumps(document) for document in documents],
    )
    return _rate("canonical bytes of 4 kB", len(documents), ours, "rfc8785", theirs, 6)


def shipment() -> Benchmark:
    """Verify a shipment with two processes, against the bare signatures on the same two cores."""
    key = P256Key.from_secret(SECRET)
    signer = CredentialSigner(key, DID)
    items = [ShipmentItem(signer.sign(canonicalize(passport(n)))) for n in range(SHIPMENT)]
    evidence = _evidence(signer, key)
    # This process and one other: both examine, as they do for a server's shipments.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:

        def examine_all() -> None:
            for report in examine_shipment(items, evidence, at=AT, executor=pool):
                if report.verdict != "valid":
                    raise AssertionError(report)

        def bare_verify_all() -> None:
            other = pool.submit(bare_verify, SHIPMENT // 2)
            bare_verify(SHIPMENT // 2)
            other.result()

        # What others do on a shared machine moves a single round by a fifth, either way.
        ours, theirs = in_turns(examine_all, bare_verify_all, rounds=15)
    name = f"verify a shipment of {SHIPMENT} passports, two processes"
    return _rate(name, SHIPMENT, ours, "bare P-256 verify, two processes", theirs, 0.6)


def bare_verify(number: int) -> None:
    """Verify so many signatures over messages of that length, in this process."""
    key, signed = _signed_messages()
    for place in range(number):
        signature, message = signed[place % len(signed)]
        key.verify(signature, message, _ES256)


@lru_cache
def _signed_messages() -> tuple[EllipticCurvePublicKey, list[tuple[bytes, bytes]]]:
    private = derive_private_key(int.from_bytes(SECRET), SECP256R1())
    signer = CredentialSigner(P256Key(private), DID)
    messages = [decode(signer.sign(canonicalize(passport(n)))).signing_input for n in range(500)]
    return private.public_key(), [(private.sign(item, _ES256), item) for item in messages]


def _evidence(signer: CredentialSigner, key: P256Key) -> Evidence:
    entry = PublicKeyEntry(key.public_jwk)
    trusted = TrustEntry(DID, (), "manufacturer", (), (), (trusted_key(entry),), AT - timedelta(99))
    document = build_status_list_credential(
        url=STATUS,
        issuer_did=DID,
        purpose="revocation",
        status_list=StatusList(),
        valid_from=AT,
        valid_until=AT + timedelta(days=1),
    )
    return Evidence(
        did_documents={DID: build_document(DID, [entry])},
        trust_list=TrustList(AT, AT + timedelta(days=90), (trusted,)),
        status_lists={STATUS: signer.sign(canonicalize(document))},
    )


def log() -> Iterator[Benchmark]:
    """Append to the log and prove, against the numbers promised."""
    leaves = [leaf_hash(serial.to_bytes(8)) for serial in range(LEAVES)]
    entries = [serial.to_bytes(32) for serial in range(LEAVES)]
    tree = MerkleTree(leaves)

    def append() -> None:
        growing = MerkleTree()
        for entry in entries:
            growing.append(entry)

    taken = min(seconds(append) for _ in range(3))
    yield _promised("append to the log", LEAVES / taken, 300_000)
    places = random.Random(1).sample(range(LEAVES), 20_000)
    taken = min(seconds(lambda: [tree.inclusion_proof(n) for n in places]) for _ in range(3))
    yield _promised("inclusion proof", len(places) / taken, 30_000)


def status_list() -> Benchmark:
    """A list of a million: encode, sign and decode, against compressing and expanding alone."""
    bits = StatusList(1_048_576)
    for index in random.Random(1).sample(range(len(bits)), len(bits) // 1000):
        bits.set(index)
    signer = CredentialSigner(P256Key.from_secret(SECRET), DID)
    raw = bits.to_bytes()

    def ours() -> None:
        document = build_status_list_credential(
            url=STATUS,
            issuer_did=DID,
            purpose="revocation",
            status_list=bits,
            valid_from=AT,
            valid_until=AT + timedelta(days=1),
        )
        signed = decode(signer.sign(canonicalize(document)))
        if StatusList.decode(subjects_of(signed.payload)[0]["encodedList"]) != bits:
            raise AssertionError

    taken, reference = in_turns(ours, lambda: zlib.decompress(zlib.compress(raw, 9)))
    return Benchmark(
        name="status list of 1,048,576 with 0.1 % set: encode, sign, decode",
        value=taken * 1000,
        unit="ms",
        reference="zlib alone, level 9",
        reference_value=reference * 1000,
        ratio=taken / reference,
        goal=3,
        better="lower",
    )


def _rate(
    name: str, number: int, ours: float, reference: str, theirs: float, goal: float
) -> Benchmark:
    return Benchmark(
        name=name,
        value=number / ours,
        unit="per second",
        reference=reference,
        reference_value=number / theirs,
        ratio=theirs / ours,
        goal=goal,
        better="higher",
    )


def _promised(name: str, rate: float, promised: float) -> Benchmark:
    return Benchmark(
        name=name,
        value=rate,
        unit="per second",
        reference="the promise",
        reference_value=promised,
        ratio=rate / promised,
        goal=1,
        better="higher",
    )
