"""How an operator stands on this server: live, kept from an archive, or ceased."""

from typing import Any

from api.authentication import VoltpassDep
from api.routes.router import Router
from passports.continuity import continuity_of
from passports.operators import get_operator

router = Router(prefix="/v1/operators", tags=["continuity"])


@router.get("/{operator_id}/continuity")
def get_continuity(voltpass: VoltpassDep, operator_id: str) -> dict[str, Any]:
    """Whether an operator is live here, kept from an archive, or has ceased; since when, and who says so."""
    with voltpass.store.reading() as reading:
        get_operator(reading, operator_id)
        return continuity_of(reading, operator_id).to_document()
