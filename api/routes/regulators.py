"""What market surveillance calls: footprints across makers, in comparable units, recomputed on demand."""

from typing import Annotated

from fastapi import Query

from api.authentication import CallerDep, VoltpassDep, require_action
from api.routes.documents import FootprintPageRead
from api.routes.router import Router
from passports.authority.roles import Action
from passports.queries import FootprintQuery, query_footprints

router = Router(prefix="/v1/regulator", tags=["regulators"])


@router.get("/footprints")
def get_footprints(
    voltpass: VoltpassDep, caller: CallerDep, query: Annotated[FootprintQuery, Query()]
) -> FootprintPageRead:
    """Compare footprint studies across makers, lowest per kWh delivered first.

    With `recompute=true` each study is computed anew from its stored inputs. Needs a key of a market
    surveillance authority.
    """
    require_action(caller, Action.COMPARE)
    page = query_footprints(voltpass.store, voltpass.dataset, query)
    return FootprintPageRead(rows=list(page.rows), next_cursor=page.next_cursor)
