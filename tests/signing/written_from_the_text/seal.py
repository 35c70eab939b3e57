"""README, section 8: the offline seal."""

from datetime import timedelta
from typing import Any

from tests.signing.written_from_the_text.encodings import RefusedError, base64url, numeric_date
from tests.signing.written_from_the_text.examination import Evidence, Result, attempt
from tests.signing.written_from_the_text.keys import Key, did_keys
from tests.signing.written_from_the_text.steps import ordered

BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
BYTES, TEXT, ARRAY, MAP, TAG = range(2, 7)


def from_base45(text: str) -> bytes:
    body = text.removeprefix("VP1:")
    good = body != text and set(body) <= set(BASE45) and len(body) % 3 != 1
    if not good or len(body) > 4096:
        raise RefusedError("not_base45")
    data = b""
    for start in range(0, len(body), 3):
        group = body[start : start + 3]
        number = sum(BASE45.index(digit) * 45**power for power, digit in enumerate(group))
        if number >= 256 ** (len(group) - 1):
            raise RefusedError("not_base45")
        data += number.to_bytes(len(group) - 1, "big")
    return data


def head(kind: int, number: int) -> bytes:
    if number < 24:
        return bytes([kind << 5 | number])
    size = next(size for size in (1, 2, 4, 8) if number < 256**size)
    return bytes([kind << 5 | 23 + size.bit_length()]) + number.to_bytes(size, "big")


class Cbor:
    """One deterministic value; tags are read as pairs."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    @classmethod
    def read(cls, data: bytes) -> Any:
        reader = cls(data)
        value = reader.value(0)
        if reader._at != len(data):
            raise RefusedError("not_cbor")
        return value

    def _bytes(self, size: int) -> bytes:
        self._at += size
        if self._at > len(self._data):
            raise RefusedError("not_cbor")
        return self._data[self._at - size : self._at]

    def value(self, depth: int) -> Any:
        if depth > 8:
            raise RefusedError("not_cbor")
        start, first = self._at, self._bytes(1)[0]
        kind, code = first >> 5, first & 31
        if kind == 7 or code > 27:
            raise RefusedError("not_cbor")
        number = code if code < 24 else int.from_bytes(self._bytes(1 << code - 24), "big")
        if self._data[start : self._at] != head(kind, number):
            raise RefusedError("not_cbor")
        if kind < BYTES:
            return -1 - number if kind else number
        if kind == TAG:
            return (number, self.value(depth + 1))
        return self._several(kind, number, depth)

    def _several(self, kind: int, number: int, depth: int) -> Any:
        if kind == ARRAY:
            return [self.value(depth + 1) for _ in range(number)]
        if kind == MAP:
            return self._map(number, depth)
        content = self._bytes(number)
        try:
            return content if kind == BYTES else content.decode()
        except UnicodeDecodeError:
            raise RefusedError("not_cbor") from None

    def _map(self, number: int, depth: int) -> dict[int, Any]:
        found: dict[int, Any] = {}
        last = b""
        for _ in range(number):
            start = self._at
            key = self.value(depth + 1)
            spelling = self._data[start : self._at]
            if not isinstance(key, int) or spelling <= last:
                raise RefusedError("not_cbor")
            last, found[key] = spelling, self.value(depth + 1)
        return found


class Seal:
    """One seal on its way through the steps."""

    def __init__(self, text: str, evidence: Evidence) -> None:
        self._text, self._evidence = text, evidence
        self._header: Any = None
        self._payload: dict[int, Any] = {}
        self._signed = self._signature = b""
        self._named: list[Key] = []
        self.key: Key | None = None

    def parse(self) -> Result:
        data = from_base45(self._text)
        if len(data) > 2048:
            raise RefusedError("too_large")
        value = Cbor.read(data)
        if isinstance(value, tuple) and value[0] == 61:
            value = value[1]
        parts = value[1] if isinstance(value, tuple) and value[0] == 18 else None
        if not isinstance(parts, list) or len(parts) != 4 or parts[1] != {}:
            raise RefusedError("not_a_seal")
        protected, _, payload, self._signature = parts
        if not all(isinstance(part, bytes) for part in (protected, payload, self._signature)):
            raise RefusedError("not_a_seal")
        self._header = Cbor.read(protected)
        self._signed = b"\x84\x6aSignature1" + head(BYTES, len(protected)) + protected
        self._signed += b"\x40" + head(BYTES, len(payload)) + payload
        if self._algorithm_is_allowed():
            self._read(Cbor.read(payload))
        return "passed", "parsed"

    def _read(self, payload: Any) -> None:
        payload = payload if isinstance(payload, dict) else {}
        digest, facts = payload.get(-70001), payload.get(-70002, {})
        good = isinstance(payload.get(1), str) and isinstance(facts, dict)
        if not good or not isinstance(digest, bytes) or len(digest) != 32:
            raise RefusedError("not_a_seal")
        numeric_date(payload.get(6))
        if 4 in payload:
            numeric_date(payload[4])
        self._payload = payload

    def _algorithm_is_allowed(self) -> bool:
        header = self._header
        return isinstance(header, dict) and set(header) == {1, 4} and header[1] == -7

    def algorithm(self) -> Result:
        if not self._algorithm_is_allowed():
            raise RefusedError("algorithm_not_allowed")
        return "passed", "algorithm_allowed"

    def issuer_found(self) -> Result:
        issuer, evidence = self._payload[1], self._evidence
        self.entry = evidence.trust.entry(issuer, evidence.role) if evidence.trust else None
        document, kid = evidence.did_documents.get(issuer), self._header[4]
        listed = self.entry.keys if self.entry else []
        keys = listed if document is None else did_keys(document, issuer)
        if document is None and not keys:
            return "not_checked", "did_document_missing"
        curve = [key for key in keys if key.curve == "P-256"]
        self._named = [key for key in curve if base64url(key.thumbprint)[:8] == kid]
        if not self._named:
            raise RefusedError("key_not_found")
        return "passed", "keys_found"

    def issuer_trusted(self) -> Result:
        entry, trust, now = self.entry, self._evidence.trust, self._evidence.now
        if trust is None:
            return "not_checked", "no_trust_list"
        if entry is None:
            raise RefusedError("issuer_not_trusted")
        same = [key for key in entry.keys if key.thumbprint in {k.thumbprint for k in self._named}]
        if (entry.keys or entry.anchors) and self._named and not same:
            self._named = []
            raise RefusedError("key_not_trusted")
        self._named += same
        if not entry.holds_at(numeric_date(self._payload[6])):
            raise RefusedError("trust_not_at_issue")
        if not entry.holds_at(now):
            return "warning", "trust_ended"
        return ("warning", "trust_list_stale") if trust.end < now else ("passed", "issuer_trusted")

    def signature(self) -> Result:
        if not self._named:
            return "not_checked", "no_trusted_key"
        if len(self._signature) != 64 or not self._named[0].verifies(self._signature, self._signed):
            raise RefusedError("signature_invalid")
        if any(key.revoked for key in self._named):
            raise RefusedError("key_revoked")
        self.key = self._named[0]
        return "passed", "signature_valid"

    def validity(self) -> Result:
        now, issued = self._evidence.now, numeric_date(self._payload[6])
        if issued > now + timedelta(minutes=5):
            raise RefusedError("not_yet_valid")
        if 4 in self._payload and numeric_date(self._payload[4]) < now:
            raise RefusedError("expired")
        if any(key.expires is not None and issued > key.expires for key in self._named):
            raise RefusedError("key_retired")
        return "passed", "within_period"


def examine_seal(text: str, evidence: Evidence) -> dict[str, Result]:
    seal = Seal(text, evidence)
    results: dict[str, Result] = {"parse": attempt(seal.parse)}
    if results["parse"][0] == "passed":
        results["format"] = "passed", "offline_seal"
        for step in ("algorithm", "issuer_found"):
            results[step] = attempt(getattr(seal, step))
            if results[step][0] == "failed":
                return ordered(results, signed=False)
        results |= {step: attempt(getattr(seal, step)) for step in ("issuer_trusted", "signature")}
    if seal.key is None:
        return ordered(results, signed=False)
    results["validity"] = attempt(seal.validity)
    results["version"] = "not_checked", "no_version_evidence"
    results["status"] = "warning", "seal_without_status"
    results["log_inclusion"] = "not_checked", "no_log_proof"
    return ordered(results, signed=True)
