"""``eddsa-jcs-2022`` with Ed25519 (W3C Data Integrity EdDSA Cryptosuites 1.0, section 3.3)."""

from typing import Final

from signing.cryptosuites.jcs import JcsSuite

SUITE: Final = JcsSuite("eddsa-jcs-2022", "Ed25519", "EdDSA", "Ed25519")
