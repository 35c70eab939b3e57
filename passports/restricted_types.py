"""What restricted credentials are called; for those who verify them and need nothing that issues."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from passports.attributes.table import Granularity

MEDIA_TYPE: Final = "application/dc+sd-jwt"  # SD-JWT VC, section 3.1
# The types of these credentials, in a name space of our own (RFC 9901 asks for a collision-resistant name).
TYPES: Final[Mapping[Granularity, str]] = MappingProxyType(
    {
        Granularity.MODEL: "urn:voltpass:vct:battery-model-restricted:1",
        Granularity.ITEM: "urn:voltpass:vct:battery-item-restricted:1",
    }
)
CLAIM: Final = "attributes"
