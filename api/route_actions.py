"""Which action each call of the HTTP API is: what a narrowed key, token or authorisation is held to.

Reading is the action of every GET that is not named here. A call that writes and is not named can be made
with credentials that nothing narrows only; a test names what was forgotten.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from starlette.requests import Request

from passports.authority.roles import Action

ACTIONS: Final[Mapping[str, Action]] = MappingProxyType(
    {
        "post_operator": Action.OPERATORS,
        "patch_operator": Action.AUTHORISATIONS,
        "get_operator_versions": Action.AUTHORISATIONS,
        "post_facility": Action.RECORDS,
        "post_energy": Action.RECORDS,
        "post_certificate": Action.RECORDS,
        "post_model": Action.RECORDS,
        "post_meter_readings": Action.RECORDS,
        "post_dossier": Action.RECORDS,
        "post_document": Action.RECORDS,
        "post_allocation": Action.RECORDS,
        "post_certified_energy": Action.RECORDS,
        "post_production": Action.RECORDS,
        "post_production_withdrawal": Action.RECORDS,
        "post_delivery_withdrawal": Action.RECORDS,
        "post_closed_period": Action.RECORDS,
        "post_reopening": Action.RECORDS,
        "post_target": Action.RECORDS,
        "post_signed_certificate": Action.CERTIFY,
        "post_certificate_status": Action.CERTIFY,
        "post_footprints": Action.FOOTPRINTS,
        "post_batch": Action.ISSUE,
        "post_registrations": Action.ISSUE,
        "post_model_registrations": Action.RECORDS,
        "post_mapping_suggestion": Action.ISSUE,
        "put_mapping_recipe": Action.ISSUE,
        "delete_mapping_recipe": Action.ISSUE,
        "post_gs1_prefix": Action.OPERATORS,
        "put_model_attributes": Action.ATTRIBUTES,
        "patch_model_attributes": Action.ATTRIBUTES,
        "put_batch_attributes": Action.ATTRIBUTES,
        "patch_batch_attributes": Action.ATTRIBUTES,
        "put_passport_attributes": Action.ATTRIBUTES,
        "patch_passport_attributes": Action.ATTRIBUTES,
        "post_restricted_revocation": Action.ATTRIBUTES,
        "patch_passport": Action.PASSPORTS,
        "post_life_cycle": Action.PASSPORTS,
        "post_passport_suspension": Action.PASSPORTS,
        "post_passport_reinstatement": Action.PASSPORTS,
        "post_passport_revocation": Action.PASSPORTS,
        "post_dynamic_data": Action.ATTRIBUTES,
        "post_dynamic_data_file": Action.ATTRIBUTES,
        "post_dpp": Action.ISSUE,
        "patch_dpp": Action.PASSPORTS,
        "delete_dpp": Action.PASSPORTS,
        "patch_dpp_element": Action.PASSPORTS,
        "put_dpp_element": Action.PASSPORTS,
        "post_grant": Action.GRANTS,
        "post_grant_delegation": Action.GRANTS,
        "post_grant_revocation": Action.GRANTS,
        "get_keys": Action.KEYS,
        "post_key": Action.KEYS,
        "post_key_rotation": Action.KEYS,
        "post_key_revocation": Action.KEYS,
        "post_identifier": Action.AUTHORISATIONS,
        "post_identifier_verification": Action.IDENTIFIERS,
        "post_identifier_withdrawal": Action.AUTHORISATIONS,
        "get_authorisations": Action.AUTHORISATIONS,
        "post_authorisation": Action.AUTHORISATIONS,
        "post_authorisation_revocation": Action.AUTHORISATIONS,
        "post_responsibility_acceptance": Action.AUTHORISATIONS,
        "get_responsibility_acceptances": Action.AUTHORISATIONS,
        "post_responsibility_acceptance_end": Action.AUTHORISATIONS,
        "get_acts": Action.AUTHORISATIONS,
        "post_transfer": Action.AUTHORISATIONS,
        "post_signed_transfer": Action.AUTHORISATIONS,
        "get_transfers": Action.AUTHORISATIONS,
        "post_transfer_acceptance": Action.AUTHORISATIONS,
        "post_signed_acceptance": Action.AUTHORISATIONS,
        "post_transfer_end": Action.AUTHORISATIONS,
        "get_footprints": Action.COMPARE,
    }
)


def action_of(request: Request) -> Action | None:
    """Return the action of the call that is being made, or None where it is not named."""
    route = request.scope.get("route")
    known = ACTIONS.get(getattr(route, "name", ""))
    if known is not None:
        return known
    return Action.READ if request.method in {"GET", "HEAD"} else None
