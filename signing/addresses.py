"""Which network addresses a fetcher of other people's URLs may connect to.

A URL in a credential is chosen by its issuer, and an issuer may be an attacker who would like this
server to talk to its own neighbours. Only addresses of the public Internet are allowed, in all their
disguises: IPv6 has several ways of carrying an IPv4 address, and ``ipaddress.is_global`` does not look
into most of them.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address

_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")  # RFC 4291 section 2.4, as IANA allocates it
_NAT64: Final = IPv6Network("64:ff9b::/96")  # RFC 6052
_SIX_TO_FOUR: Final = IPv6Network("2002::/16")  # RFC 3056
_REFUSED_V6: Final = (
    IPv6Network("2001::/32"),  # Teredo, RFC 4380: carries a server's and a client's address
    IPv6Network("3fff::/20"),  # documentation, RFC 9637; not yet known to Python 3.11
)
_REFUSED_V4: Final = (
    IPv4Network("192.0.0.0/24"),  # protocols' own, RFC 6890; older Pythons call some of it global
    IPv4Network("192.88.99.0/24"),  # 6to4 relays, RFC 7526
)


def is_global_unicast(address: Address) -> bool:
    """Whether an address belongs to one host on the public Internet."""
    if isinstance(address, IPv4Address):
        return (
            address.is_global
            and not address.is_multicast
            and not address.is_reserved
            and not any(address in network for network in _REFUSED_V4)
        )
    carried = _carried_ipv4(address)
    if carried is not None:
        return is_global_unicast(carried)
    return (
        address in _GLOBAL_UNICAST
        and address.is_global
        and not any(address in network for network in _REFUSED_V6)
    )


def _carried_ipv4(address: IPv6Address) -> IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address in _SIX_TO_FOUR:
        return IPv4Address(int(address) >> 80 & 0xFFFFFFFF)
    return None
