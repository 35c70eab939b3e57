"""Embedded proofs (W3C Data Integrity 1.0): the table of cryptosuites.

A new suite is one module here and its line in `CRYPTOSUITES`. The RDF suites are left out on
purpose: they would fetch or pin JSON-LD contexts to know what was signed.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from signing.cryptosuites import ecdsa_jcs_2019, eddsa_jcs_2022
from signing.cryptosuites.jcs import JcsSuite

__all__ = ["CRYPTOSUITES", "JcsSuite"]

CRYPTOSUITES: Final[Mapping[str, JcsSuite]] = MappingProxyType(
    {suite.name: suite for suite in (ecdsa_jcs_2019.SUITE, eddsa_jcs_2022.SUITE)}
)
