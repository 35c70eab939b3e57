"""Which hosts are this very machine: settings ask it, too, and have no need of a client."""

import ipaddress


def is_loopback(host: str | None) -> bool:
    """Tell whether a host names this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
