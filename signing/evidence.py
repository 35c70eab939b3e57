"""What a verifier has at hand beside the credential; the caller has fetched or unpacked it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeAlias

from signing.canonical import JsonValue
from signing.did_web import VerificationKey, verification_keys
from signing.errors import MalformedDocumentError
from signing.report import Finding
from signing.status_list import VerifiedStatusList
from signing.transparency_log import VerifiedCheckpoint
from signing.trust import Role, TrustEntry, TrustList

if TYPE_CHECKING:
    from signing.envelope import Judgement

KeysFound: TypeAlias = tuple[VerificationKey, ...] | MalformedDocumentError | None

DEFAULT_ALGORITHMS: Final = frozenset({"ES256", "EdDSA", "Ed25519"})


@dataclass(frozen=True)
class Evidence:
    """Everything a verification may look at; nothing is fetched.

    One object may serve many verifications: what it costs to read documents is paid once. So do not
    change the mappings after the first use.

    Attributes:
        did_documents: DID documents by DID.
        trust_list: Whom the verifier believes; ``None`` when nobody was chosen.
        status_lists: Signed status list credentials by URL.
        log_proof: Proof of inclusion (c2sp.org/tlog-proof) for this one credential.
        log_keys: Public keys of logs and witnesses as verifier keys of signed notes, beside those
            of the trust list.
        expected_identifier: The identifier or link that was scanned.
        allowed_algorithms: JWS algorithms accepted.
        role: In which role the issuer must be trusted.
    """

    did_documents: Mapping[str, Mapping[str, JsonValue]] = field(default_factory=dict)
    trust_list: TrustList | None = None
    status_lists: Mapping[str, bytes] = field(default_factory=dict)
    log_proof: bytes | None = None
    log_keys: tuple[str, ...] = ()
    expected_identifier: str | None = None
    allowed_algorithms: frozenset[str] = DEFAULT_ALGORITHMS
    role: Role = "manufacturer"
    # What was read already; it belongs to the mappings above, so it is not compared.
    _keys: dict[str, KeysFound] = field(default_factory=dict, init=False, repr=False, compare=False)
    verified_lists: dict[str, VerifiedStatusList | Finding] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    # What verified lists say, see `signing.status_check`.
    readings: dict[tuple[str, str, str, datetime], object] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    # What was found about the envelopes of credentials, see `signing.envelope`.
    judgements: dict[tuple[bytes, bytes, bool, str, bool, datetime], "Judgement"] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    # Heads of logs by their note: a shipment's proofs mostly end in the same one.
    opened_checkpoints: dict[bytes, VerifiedCheckpoint] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def keys_of(self, did: str) -> KeysFound:
        """The keys in an issuer's DID document, why it cannot be read, or ``None`` without one."""
        if did not in self._keys:
            self._keys[did] = self._read_keys(did)
        return self._keys[did]

    def _read_keys(self, did: str) -> KeysFound:
        document = self.did_documents.get(did)
        try:
            return None if document is None else verification_keys(document, did)
        except MalformedDocumentError as error:
            return error

    def about(self, expected_identifier: str | None, log_proof: bytes | None) -> "Evidence":
        """The same evidence for another credential; what was read already is shared."""
        if (expected_identifier, log_proof) == (self.expected_identifier, self.log_proof):
            return self
        other = object.__new__(Evidence)
        own = {"expected_identifier": expected_identifier, "log_proof": log_proof}
        other.__dict__.update(self.__dict__, **own)
        return other

    def __getstate__(self) -> dict[str, object]:
        """What travels to another process: not what was read already."""
        read = ("_keys", "verified_lists", "readings", "judgements", "opened_checkpoints")
        return {**self.__dict__, **{name: {} for name in read}}

    def entry_for(self, issuer: str, role: Role) -> TrustEntry | None:
        """The trust list's entry of an issuer in a role, if there are both."""
        return None if self.trust_list is None else self.trust_list.find(issuer, role)
