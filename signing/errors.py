"""Everything that can go wrong in this package, under one base class.

Names end in ``Error``. Errors carry data: a machine reads ``reason`` (a stable snake-case code), a
person reads ``message``. Only these leave the public functions, whatever the input.
"""

from signing.report import VerificationReport


class SigningError(Exception):
    """Base of all errors of this package."""


class KeyUnavailableError(SigningError):
    """A signing key cannot be created, found, unlocked or used.

    Attributes:
        uri: Where the key was looked for; never contains a passphrase.
        reason: Stable code, e.g. ``not_found``, ``wrong_passphrase_or_damaged``.
        remedy: What the operator can do about it.
    """

    def __init__(self, uri: str, reason: str, remedy: str) -> None:
        self.uri = uri
        self.reason = reason
        self.remedy = remedy
        super().__init__(f"key {uri}: {reason.replace('_', ' ')}; {remedy}")


class MalformedDocumentError(SigningError):
    """Bytes or values are not what they claim to be: no strict JSON, no JWS, no key, no list.

    Attributes:
        reason: Stable code, e.g. ``duplicate_key``.
        message: What was found, in a sentence.
        field: Where, when it is known.
    """

    def __init__(self, reason: str, message: str, *, field: str | None = None) -> None:
        self.reason = reason
        self.message = message
        self.field = field
        super().__init__(f"{field}: {message}" if field else message)


class VerificationError(SigningError):
    """A check was made and refused, or could not be made at all.

    Attributes:
        step: Identifier of the numbered step, see ``signing.report.STEPS``.
        reason: Stable code.
        message: What was found, in a sentence.
        report: All the steps, where the error comes from ``signing.verify.verify``.
    """

    def __init__(
        self, step: str, reason: str, message: str, report: VerificationReport | None = None
    ) -> None:
        self.step = step
        self.reason = reason
        self.message = message
        self.report = report
        super().__init__(f"{step}: {message}")


class InvalidSignatureError(VerificationError):
    """The bytes are not what the holder of the key signed."""


class UntrustedKeyError(VerificationError):
    """The signature may be right, but nobody whom we trust vouches for the key or its holder."""


class ExpiredError(VerificationError):
    """Used outside the time for which it was issued."""


class RevokedError(VerificationError):
    """The issuer has withdrawn it for good."""


class SuspendedError(VerificationError):
    """The issuer has withdrawn it until further notice."""


class InvalidInclusionError(VerificationError):
    """A proof of inclusion or of consistency, or the checkpoint it leads to, does not hold."""


class FetchRefusedError(SigningError):
    """A document of somebody else was not fetched, or its answer was not accepted.

    Attributes:
        url: What was asked for.
        reason: Stable code, e.g. ``address_not_allowed``.
        message: What happened, in a sentence.
    """

    def __init__(self, url: str, reason: str, message: str) -> None:
        self.url = url
        self.reason = reason
        self.message = message
        super().__init__(f"{url}: {message}")
