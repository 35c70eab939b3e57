"""``ecdsa-jcs-2019`` with P-256 (W3C Data Integrity ECDSA Cryptosuites 1.0, section 3.3)."""

from typing import Final

from signing.cryptosuites.jcs import JcsSuite

SUITE: Final = JcsSuite("ecdsa-jcs-2019", "ES256", "ES256", "P-256")
