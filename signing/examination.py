"""The steps of a verification that are the same for every credential: 1 to 7.

What a credential says about itself is judged in `signing.envelope`; here are the steps that need its
bytes: taking it apart, the signature over it, and its place in a log.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Final

from signing.canonical import JsonValue
from signing.content import Content, content_of
from signing.credentials import DecodedCredential, decode
from signing.data_integrity import decode_secured
from signing.did_web import VerificationKey
from signing.envelope import Form, Judgement, judge
from signing.errors import InvalidSignatureError, MalformedDocumentError
from signing.evidence import Evidence
from signing.instants import format_instant
from signing.log_check import Inclusion, check_inclusion, logged_before
from signing.report import NOT_REACHED, Finding
from signing.selective_disclosure import decode_presentation

_PARSED: Final = Finding("passed", "parsed", "strict JSON with one signature")
_NO_KEY: Final = Finding("not_checked", "no_trusted_key", "there is no trusted key to check with")
_NOT_SIGNED: Final = Finding(
    "failed", "signature_invalid", "the signature does not fit these bytes"
)
_TILDE: Final = ord("~")  # as a number it is looked for faster
_AFTER_PARSE: Final = (NOT_REACHED,) * 4


class Examination:
    """One credential on its way through steps 1 to 7, in the order of the methods.

    Attributes:
        evidence: What is at hand.
        findings: What the steps made so far have found.
        payload: The parsed credential after step 1, if it was to be kept; believed only after step 6.
        content: What later steps need of it.
        judgement: What steps 2 to 5 found; ``None`` where step 1 failed.
        signing_key: The key that signed it, after step 6.
    """

    __slots__ = (
        "_at",
        "_credential",
        "_in_scope",
        "_inclusion",
        "_keep_payload",
        "_signature",
        "_signing_input",
        "content",
        "evidence",
        "findings",
        "judgement",
        "payload",
        "signing_key",
    )

    def __init__(
        self,
        credential: bytes,
        evidence: Evidence,
        at: datetime,
        *,
        in_scope: bool = True,
        keep_payload: bool = True,
    ) -> None:
        """Begin.

        Args:
            credential: As it was received.
            evidence: What is at hand.
            at: The instant for which validity is judged.
            in_scope: As for `signing.envelope.judge`.
            keep_payload: Whether somebody will look at more than `content`. To let go at once of what
                was parsed saves a tenth of the time.
        """
        self._credential = credential
        self.evidence = evidence
        self._at = at
        self._in_scope = in_scope
        self._keep_payload = keep_payload
        self._signature = self._signing_input = b""
        self._inclusion: Inclusion | None = None
        self.findings: tuple[Finding, ...] = ()
        self.payload: Mapping[str, JsonValue] = {}
        self.content: Content
        self.judgement: Judgement | None = None
        self.signing_key: VerificationKey | None = None

    @property
    def issuer(self) -> str:
        """Who claims to have issued it, after step 2."""
        return self.judgement.issuer if self.judgement else ""

    def open(self) -> None:
        """Steps 1 to 5: take it apart, and judge what it says about itself."""
        data = self._credential
        form = _form(data)
        try:
            decoded = _READERS[form](data)
        except MalformedDocumentError as error:
            self.findings = (Finding("failed", error.reason, str(error)), *_AFTER_PARSE)
            return
        self._signature, self._signing_input = decoded.signature, decoded.signing_input
        self.content = content_of(decoded.payload)
        if self._keep_payload:
            self.payload = decoded.payload
        self.judgement = judge(decoded, self.evidence, self._at, form=form, in_scope=self._in_scope)
        self.findings = (_PARSED, *self.judgement.findings)

    def check_signature(self) -> None:
        """Step 6: one of the candidate keys made the signature over exactly these bytes."""
        judgement = self.judgement
        # An issuer that is not trusted still has a signature that can be looked at.
        finding = self._signed_by(judgement) if judgement and judgement.goes_on else NOT_REACHED
        self.findings = (*self.findings, finding)

    def _signed_by(self, judgement: Judgement) -> Finding:
        for candidate in judgement.candidates:
            try:
                candidate.key.verify(self._signature, self._signing_input)
            except InvalidSignatureError:
                continue
            if candidate.revoked is not None and not self._was_logged_in_time(candidate):
                revoked = format_instant(candidate.revoked)
                return Finding("failed", "key_revoked", f"its key is compromised since {revoked}")
            self.signing_key = candidate
            return _signed(candidate.key.thumbprint)
        return _NOT_SIGNED if judgement.candidates else _NO_KEY

    def _was_logged_in_time(self, key: VerificationKey) -> bool:
        """A compromised key's signature counts where the log shows that it is older."""
        origin, index = key.revoked_in_log, key.revoked_from_log_index
        return logged_before(self.inclusion(), origin, index, self.evidence)

    def inclusion(self) -> Inclusion:
        """What the log proof shows, for step 12 and for keys that were compromised later."""
        if self._inclusion is None:
            # The proof is about the credential and never about a status list.
            proof = self.evidence.log_proof if self._in_scope else None
            self._inclusion = check_inclusion(self._credential, proof, self.evidence, self._at)
        return self._inclusion

    def validity(self, judgement: Judgement) -> Finding:
        """Step 7: the instant lies within the credential's period, and the key was in use."""
        if judgement.period.outcome == "failed" or self.key_was_in_use(judgement.issued_at):
            return judgement.period
        return Finding("failed", "key_retired", "issued after its key was retired")

    def key_was_in_use(self, issued: datetime | None) -> bool:
        """Whether the key that signed had not been retired at the instant of issue."""
        expires = self.signing_key.expires if self.signing_key else None
        return expires is None or (issued is not None and issued <= expires)


# One object for all that a key signed: it is hashed and compared with every report.
@lru_cache(maxsize=1024)
def _signed(thumbprint: str) -> Finding:
    return Finding("passed", "signature_valid", f"signed by key {thumbprint}")


_READERS: Final[Mapping[Form, Callable[[bytes], DecodedCredential]]] = {
    "jwt": decode,
    "sd_jwt": decode_presentation,
    "embedded": decode_secured,
}


def _form(data: bytes) -> Form:
    if data.startswith(b"{"):
        return "embedded"
    return "sd_jwt" if _TILDE in data else "jwt"
