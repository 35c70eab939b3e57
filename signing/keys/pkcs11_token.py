"""``pkcs11:...``: a private key in a hardware security module or smart card, which never leaves it.

The URI is that of RFC 7512, for example
``pkcs11:token=voltpass;object=maker?module-path=/usr/lib/softhsm/libsofthsm2.so``; the passphrase is the
user's PIN. The Python package ``python-pkcs11`` is needed only here, and only when such a key is used.
"""

import hashlib
import hmac
import importlib
import secrets
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final
from urllib.parse import unquote

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey

from signing.errors import KeyUnavailableError
from signing.keys.jwk import p256_jwk, thumbprint
from signing.keys.signing_key import Algorithm


@dataclass(frozen=True, slots=True)
class _Place:
    """What a PKCS#11 URI names."""

    module: str
    token: str
    label: str


@dataclass(frozen=True, slots=True)
class _Login:
    """The one session of this process with a token.

    PKCS#11 logs in an application, not a session (PKCS#11 3.0 section 5.6.8): a second login fails, and
    logging out one session logs out all. So there is one, and it is kept.
    """

    session: Any
    pin_digest: bytes
    lock: Any


_LOGINS: Final[dict[tuple[str, str], _Login]] = {}
_LOGINS_LOCK: Final = Lock()
_SALT: Final = secrets.token_bytes(32)


class TokenKey:
    """A P-256 key in a token; one signature at a time, as PKCS#11 sessions require."""

    def __init__(self, uri: str, login: _Login, private: Any, public: Any, names: Any) -> None:  # noqa: ANN401 - python-pkcs11 ships no types
        self._uri = uri
        self._private = private
        self._names = names
        self._lock = login.lock
        # EC_POINT is a DER octet string around the uncompressed point (PKCS#11 3.0 section 2.3.3).
        point = bytes(public[names.Attribute.EC_POINT])[2:]
        public_key = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point)
        self._public_jwk = p256_jwk(public_key)
        self._kid = thumbprint(self._public_jwk)

    @property
    def kid(self) -> str:
        """RFC 7638 thumbprint of the public key."""
        return self._kid

    @property
    def algorithm(self) -> Algorithm:
        """ES256."""
        return "ES256"

    @property
    def public_jwk(self) -> dict[str, str]:
        """The public key as a JSON Web Key."""
        return dict(self._public_jwk)

    def sign(self, data: bytes) -> bytes:
        """The 64 bytes r || s; CKM_ECDSA signs a digest that was made here.

        Raises:
            KeyUnavailableError: The token is gone, or refuses.
        """
        digest = hashlib.sha256(data).digest()
        try:
            with self._lock:
                signature = self._private.sign(digest, mechanism=self._names.Mechanism.ECDSA)
        except self._names.PKCS11Error as error:
            raise _unavailable(self._uri, error) from None
        return bytes(signature)

    def __repr__(self) -> str:
        return f"<TokenKey {self._kid}>"


def create(uri: str, passphrase: bytes, algorithm: Algorithm) -> TokenKey:
    """Make a key in the token; it cannot be extracted.

    Raises:
        KeyUnavailableError: The token cannot be used, or has a key of that name.
    """
    if algorithm != "ES256":
        raise KeyUnavailableError(
            uri, "wrong_algorithm", "tokens hold ES256 keys; use file: for others"
        )
    place, names = _place(uri), _pkcs11(uri)
    login = _login(uri, place, passphrase, names)
    try:
        with login.lock:
            public, private = _generate(login.session, place.label, names)
    except names.PKCS11Error as error:
        raise _unavailable(uri, error) from None
    if public is None:
        raise KeyUnavailableError(uri, "exists", "choose an object name that is free")
    return TokenKey(uri, login, private, public, names)


def _generate(session: Any, label: str, names: Any) -> tuple[Any, Any]:  # noqa: ANN401 - python-pkcs11 ships no types
    """A new pair of keys, or ``None`` twice where the name is taken."""
    if list(session.get_objects({names.Attribute.LABEL: label})):
        return None, None
    curve = importlib.import_module("pkcs11.util.ec").encode_named_curve_parameters("secp256r1")
    parameters = session.create_domain_parameters(
        names.KeyType.EC, {names.Attribute.EC_PARAMS: curve}, local=True
    )
    hidden = {names.Attribute.SENSITIVE: True, names.Attribute.EXTRACTABLE: False}
    pair: tuple[Any, Any] = parameters.generate_keypair(
        store=True, label=label, private_template=hidden
    )
    return pair


def open_existing(uri: str, passphrase: bytes) -> TokenKey:
    """Find the key in the token.

    Raises:
        KeyUnavailableError: The token cannot be used, the PIN is wrong, or there is no such key.
    """
    place, names = _place(uri), _pkcs11(uri)
    login = _login(uri, place, passphrase, names)
    kinds = names.ObjectClass.PRIVATE_KEY, names.ObjectClass.PUBLIC_KEY
    try:
        with login.lock:
            private, public = (
                login.session.get_key(label=place.label, object_class=kind) for kind in kinds
            )
    except names.PKCS11Error as error:
        raise _unavailable(uri, error) from None
    return TokenKey(uri, login, private, public, names)


def _pkcs11(uri: str) -> Any:  # noqa: ANN401 - python-pkcs11 ships no types
    try:
        return importlib.import_module("pkcs11")
    except ImportError:
        remedy = "install the Python package python-pkcs11"
        raise KeyUnavailableError(uri, "package_missing", remedy) from None


def _place(uri: str) -> _Place:
    path, _, query = uri.removeprefix("pkcs11:").partition("?")
    pairs = [item.partition("=") for item in [*path.split(";"), *query.split("&")] if item]
    values = {name: unquote(value) for name, _, value in pairs}
    try:
        return _Place(values["module-path"], values["token"], values["object"])
    except KeyError as error:
        remedy = "give pkcs11:token=...;object=...?module-path=..."
        raise KeyUnavailableError(uri, f"{error.args[0]}_missing", remedy) from None


def _login(uri: str, place: _Place, pin: bytes, names: Any) -> _Login:  # noqa: ANN401 - python-pkcs11 ships no types
    digest = hashlib.sha256(_SALT + pin).digest()
    with _LOGINS_LOCK:
        login = _LOGINS.get((place.module, place.token))
        if login is not None:
            if not hmac.compare_digest(login.pin_digest, digest):
                raise KeyUnavailableError(uri, "token_refused", "check the PIN")
            return login
        try:
            token = names.lib(place.module).get_token(token_label=place.token)
            session = token.open(rw=True, user_pin=pin.decode())
        except (names.PKCS11Error, RuntimeError, UnicodeDecodeError) as error:
            raise _unavailable(uri, error) from None
        login = _LOGINS[place.module, place.token] = _Login(session, digest, Lock())
        return login


def _unavailable(uri: str, error: Exception) -> KeyUnavailableError:
    name = type(error).__name__
    return KeyUnavailableError(
        uri, "token_refused", f"the token says {name}: check token, PIN and key"
    )
