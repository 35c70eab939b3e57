"""Revoking a model's restricted credential: its bit of the status list is set, for good, and it is logged.

All versions that were signed up to then share the bit, so none of them verifies as valid any more. What is
written of the model afterwards is signed with a bit of its own. A battery's restricted credential has the
bit of its passport: revoking that one revokes it too.
"""

from datetime import datetime
from typing import Any, Final

from passports.access_log import append_entry
from passports.attributes.table import Granularity
from passports.errors import RecordNotFoundError
from passports.identifiers import PublicAddress
from passports.keyring import Keyring
from passports.models import get_model
from passports.status_lists import is_set, set_status
from passports.store import Store
from signing.instants import format_instant

EVENT: Final = "restricted_credential_revoked"


def revoke_model_restricted(
    store: Store,
    keyring: Keyring,
    address: PublicAddress,
    operator_id: str,
    model_id: str,
    reason: str,
    now: datetime,
) -> dict[str, Any]:
    """Revoke the restricted credential of an own model; what is revoked already stays so.

    The reason stands in the operator's access log, beside those who have read of it.

    Raises:
        RecordNotFoundError: there is no such model, nothing restricted of it was ever signed, or that is
            from before restricted credentials had a status.
        KeyUnavailableError: the operator's key cannot be opened; nothing is written.
    """
    with store.transaction() as transaction:
        get_model(transaction, operator_id, model_id)
        transaction.operators.lock(operator_id)
        level = Granularity.MODEL.value
        row = transaction.restricted_credentials.newest(operator_id, level, model_id)
        if row is None or row.status_list_id is None or row.status_list_index is None:
            remedy = "Nothing restricted with a status was signed yet; write it anew first."
            raise RecordNotFoundError("restricted credential", model_id, remedy)
        place = (row.status_list_id, row.status_list_index)
        if not is_set(transaction, operator_id, place):
            set_status(transaction, keyring, address, operator_id, place, to=True, now=now)
            event = {
                "event": EVENT,
                "level": level,
                "subject": model_id,
                "version": row.version,
                "reason": reason,
            }
            append_entry(transaction, operator_id, event, now)
        return {
            "model": model_id,
            "credential": row.credential_id,
            "version": row.version,
            "status_list": address.token_status_list(operator_id, row.status_list_id),
            "index": row.status_list_index,
            "state": "revoked",
            "answered_at": format_instant(now),
        }
