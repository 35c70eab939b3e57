"""The trust list that whoever runs this has chosen, and its root key."""

import json
from pathlib import Path

from api.environment import EnvironmentFaultError
from api.settings import Settings
from passports.errors import Finding
from passports.verification.passport import read_trust_list
from signing.trust import TrustList


def pinned_trust_list(settings: Settings, path: Path | None = None) -> TrustList | None:
    """Return the pinned trust list, or one from a file under the pinned root; None without any.

    Raises:
        EvidenceUnavailableError: it is malformed or signed by another key.
        EnvironmentFaultError: the file that was named, or the pinned root key, cannot be read.
    """
    chosen = path or settings.trust_list_path
    pinned = settings.trust_root_path
    if path is None and not (chosen.exists() and pinned.exists()):
        return None
    try:
        data = chosen.read_bytes()
        root = json.loads(pinned.read_text(encoding="utf-8"))
    except OSError as error:
        reason, remedy = error.strerror or "it cannot be read", "Check the path."
        finding = Finding("trust_list", str(error.filename), reason, remedy)
        raise EnvironmentFaultError(finding) from None
    except ValueError:
        remedy = "Restore it, or write it anew: voltpass keys trust-list."
        finding = Finding("trust_root", str(pinned), "it is no JSON Web Key", remedy)
        raise EnvironmentFaultError(finding) from None
    return read_trust_list(data, [root])
