"""README, section 7: steps 7 to 12 over a credential, and the verdict."""

import re
from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from tests.signing.written_from_the_text.encodings import RefusedError, instant
from tests.signing.written_from_the_text.examination import (
    STEPS,
    Evidence,
    Examination,
    Result,
    attempt,
)
from tests.signing.written_from_the_text.lists import LIST_TYPE, StatusList, entries_of
from tests.signing.written_from_the_text.log import LOG, Place, place_of

WORDS = {"revocation": "revoked", "suspension": "suspended", "refresh": "superseded"}
WORST_FIRST = ("failed", "not_checked", "warning", "passed")


def verdict_over(results: Mapping[str, Result]) -> str:
    outcomes = {outcome for outcome, _ in results.values()}
    unchecked = {step for step, (outcome, _) in results.items() if outcome == "not_checked"}
    if results["status"][1] == "no_status_entry":
        unchecked.discard("status")
    if results["version"][1] in {"no_version_evidence", "server_not_asked", "schema_violated"}:
        unchecked.discard("version")
    if "failed" in outcomes:
        return "invalid"
    if unchecked & {*STEPS[:4], "signature", "validity", "version", "status"}:
        return "cannot_tell"
    if "warning" in outcomes or "issuer_trusted" in unchecked:
        return "valid_with_warnings"
    return "valid"


def ordered(results: Mapping[str, Result], signed: bool) -> dict[str, Result]:
    """All steps, with what is said of those that were not made."""
    made = dict(results)
    for number, step in enumerate(STEPS, 1):
        rest = "earlier_step_failed" if number <= 6 else "signature_not_verified"
        made.setdefault(step, ("not_checked", "no_check" if signed else rest))
    return {step: made[step] for step in STEPS}


def examine(credential: bytes, evidence: Evidence) -> dict[str, Result]:
    """Every step with its outcome and reason."""
    examination = Content(credential, evidence)
    results = examination.first_six()
    if examination.key is None:
        return ordered(results, signed=False)
    for step in ("validity", "identifier", "version", "status", "log_inclusion"):
        results[step] = attempt(getattr(examination, step))
    return ordered(results, signed=True)


class Content(Examination):
    """A credential whose signature fits."""

    def validity(self) -> Result:
        now, proof_end = self.evidence.now, self.parsed.proof.get("expires")
        issued, begin, end = self.issued(), self.begin(), self.end()
        proof_end = None if proof_end is None else instant(proof_end)
        if begin is not None and begin > now + timedelta(minutes=5):
            raise RefusedError("not_yet_valid")
        if end is not None and end < now:
            raise RefusedError("expired")
        if proof_end is not None and proof_end < now:
            raise RefusedError("proof_expired")
        if not self.was_in_use(issued):
            raise RefusedError("key_retired")
        return "passed", "within_period"

    def identifier(self) -> Result:
        payload, subjects = self.parsed.payload, self.subjects()
        ids = [subject.get("id") for subject in subjects]
        if "sub" in payload and not subjects:
            ids = [payload["sub"]]
        ids.append(payload.get("id"))
        prefixes = tuple(self.entry.prefixes) if self.entry else ()
        for text in ids if prefixes else []:
            gtin = re.search(r"/01/([0-9]{14})(?![0-9])", text) if isinstance(text, str) else None
            if gtin and not gtin[1][1:].startswith(prefixes):
                raise RefusedError("gs1_prefix_of_another")
        if self.evidence.link is None:
            return "not_checked", "no_link_scanned"
        if self.evidence.link not in ids:
            raise RefusedError("identifier_differs")
        return "passed", "identifier_matches"

    def version(self) -> Result:
        try:
            entries = entries_of(self.parsed.payload)
        except RefusedError:
            entries = []
        refresh = [entry for entry in entries if entry[0] == "refresh"]
        if not refresh:
            return "not_checked", "no_version_evidence"
        outcome, reason = attempt(partial(self._status_of, *refresh[0]))
        if reason == "superseded":
            return "warning", "superseded"
        if reason == "status_index" and outcome == "failed":
            return "failed", "status_index"
        return ("not_checked", reason) if outcome == "failed" else (outcome, reason)

    def status(self) -> Result:
        entries = [e for e in entries_of(self.parsed.payload) if e[0] not in {"refresh", "message"}]
        found = [attempt(partial(self._status_of, *entry)) for entry in entries]
        if not found:
            return "not_checked", "no_status_entry"
        return min(found, key=lambda result: WORST_FIRST.index(result[0]))

    def _status_of(self, purpose: str, index: int, url: str) -> Result:
        if purpose not in WORDS:
            raise RefusedError("status_purpose", "not_checked")
        if url not in self.evidence.status_lists:
            raise RefusedError("status_list_missing", "not_checked")
        listed = StatusList(self.evidence.status_lists[url], self.evidence, url)
        delegated = listed.entry is not None and LIST_TYPE in listed.entry.scope
        if listed.issuer != self.issuer and not delegated:
            raise RefusedError("status_list_of_another")
        if purpose not in listed.purposes:
            raise RefusedError("status_purpose")
        if listed.is_set(index):
            raise RefusedError(WORDS[purpose])
        if listed.until is not None and listed.until < self.evidence.now:
            return "warning", "status_list_stale"
        return "passed", "version_current" if purpose == "refresh" else "not_withdrawn"

    def log_inclusion(self) -> Result:
        proof, names = self.evidence.log_proof, {key.name for key in self.log_keys}
        if proof is None:
            return "not_checked", "no_log_proof"
        logs = {key.name for key in self.log_keys if key.kind == LOG}
        if not logs:
            return "not_checked", "no_known_log"
        place = place_of(self.parsed.leaf, proof, self.log_keys)
        if not self._were_trusted(place):
            return "warning", "log_trust_ended"
        if names - logs and not place.signers - {place.origin}:
            return "warning", "not_witnessed"
        return "passed", "included"

    def _were_trusted(self, place: Place) -> bool:
        """Whether each entry whose name signed the head, and a key of it, held then."""
        then = place.seen or self.evidence.now
        entries = self.evidence.trust.entries if self.evidence.trust else []
        signed = [e for e in entries if e.role in {"log", "witness"} and e.issuer in place.signers]
        ends = [[key.expires for key in entry.keys] for entry in signed]
        in_use = all(any(end is None or then <= end for end in several) for several in ends)
        return in_use and all(entry.holds_at(then) for entry in signed)
