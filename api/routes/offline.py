"""Verifying without this server: the page that does it in the browser, and what it needs, in one file."""

from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.authentication import VoltpassDep
from api.pages.offline import PAGE, offline_page
from api.routes.router import Router
from api.verifying import own_records
from passports.documents import utc_now
from passports.export import EXPORTS
from passports.resolve import passport_by_id

router = Router(include_in_schema=False)


@router.get("/verify-offline")
def get_offline_page() -> HTMLResponse:
    """The page that verifies a passport or a bundle in the browser; it has no way to any network."""
    page = offline_page()
    headers = {"Content-Security-Policy": page.policy, "Cache-Control": "no-cache"}
    return HTMLResponse(page.content, headers=headers)


@router.get("/verify-offline/file")
def get_offline_page_to_keep() -> HTMLResponse:
    """The same page as a file to be kept; opened from there it needs neither this server nor a network."""
    return HTMLResponse(
        offline_page().content,
        headers={"Content-Disposition": 'attachment; filename="check-a-battery-passport.html"'},
    )


@router.get(f"/static/{PAGE}")
def get_offline_page_file() -> RedirectResponse:
    """Where the page was looked for as a file."""
    return RedirectResponse("/verify-offline", status_code=308)


@router.get("/passports/{passport_id}/bundle.zip")
def get_offline_bundle(voltpass: VoltpassDep, passport_id: str) -> Response:
    """A passport with all evidence that is public, in one file that verifies without a network."""
    stored = passport_by_id(voltpass.store, passport_id)
    pinned = voltpass.settings.trust_list_path
    trust_list = pinned.read_bytes().strip() if pinned.exists() else None
    with_inventories = False  # the studies' inventories are their maker's secret
    records = own_records(voltpass)
    export = EXPORTS["bundle"]
    data = export(records, [stored.credential], trust_list, with_inventories, utc_now())
    headers = {"Content-Disposition": f'attachment; filename="passport-{stored.id}.zip"'}
    return Response(data, media_type="application/zip", headers=headers)
