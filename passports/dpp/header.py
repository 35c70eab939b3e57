"""The header of a passport that is to be created (EN 18223, Table 1), held against the records."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from passports.attributes.table import CATEGORIES, profile_ids
from passports.dpp.document import GRANULARITY, LAST_CHANGE, SCHEMA_VERSION, DppStatus
from passports.dpp.identifiers import read_product_id
from passports.dpp.instants import read_instant
from passports.errors import Finding, InvalidInputError, shorten
from passports.identifiers import PublicAddress, UniqueProductIdentifier, check_slug
from passports.models import BatteryModel
from passports.operators import EconomicOperator
from passports.store import Transaction
from signing.did_web import did_from_url

_PRODUCT: Final = "uniqueProductIdentifier"
_OPERATOR: Final = "economicOperatorId"
_FACILITY: Final = "facilityId"
_SPECIFICATION: Final = "contentSpecificationIds"
_IDENTIFIER: Final = "digitalProductPassportId"
_REQUIRED: Final = (_PRODUCT, "granularity", "dppSchemaVersion", _OPERATOR, _FACILITY)
# What can only be said in one way here, and why.
_FIXED: Final[Mapping[str, tuple[str, str]]] = {
    "granularity": (GRANULARITY, "a battery passport is that of one battery (Art. 77(3))"),
    "dppSchemaVersion": (SCHEMA_VERSION, "this server reads no other version of the model"),
    "dppStatus": (DppStatus.ACTIVE.value, "a passport is active when it is created"),
}
Value = TypeVar("Value")


@dataclass(frozen=True)
class ReadHeader:
    """What the header of a new passport says, in the words of the records here."""

    product: UniqueProductIdentifier
    link: str
    model: BatteryModel
    facility_id: str
    responsible_id: str
    profile: str | None
    category: str | None


def read_header(
    transaction: Transaction,
    address: PublicAddress,
    actor: EconomicOperator,
    header: Mapping[str, Any],
) -> ReadHeader:
    """Read a header; the identifier of the passport and the time are this server's to give.

    Raises:
        InvalidInputError: with a finding for each member that is missing or cannot be mapped.
    """
    said = {name: value for name, value in header.items() if value is not None}
    findings = [
        Finding(name, "", "it is missing", "Add it; every passport has it.")
        for name in _REQUIRED
        if name not in said
    ]
    if findings:
        raise InvalidInputError(findings, "the passport")
    _read(findings, lambda: _check_fixed(said))
    product = _read(findings, lambda: _product(address, said[_PRODUCT]))
    model = _read(findings, lambda: _model(transaction, actor, product))
    responsible = _read(findings, lambda: _responsible(transaction, address, said[_OPERATOR]))
    facility = _read(findings, lambda: _facility(transaction, address, actor, said[_FACILITY]))
    _read(findings, lambda: _check_given_here(said))
    shown = _read(findings, lambda: _specification(address, said.get(_SPECIFICATION)))
    if findings or not (product and model and responsible and facility and shown):
        raise InvalidInputError(findings, "the passport")
    link = address.digital_link(product)
    return ReadHeader(product, link, model, facility, responsible, *shown)


def _read(findings: list[Finding], read: Callable[[], Value]) -> Value | None:
    try:
        return read()
    except InvalidInputError as error:
        findings += error.findings
        return None


def _refused(field: str, value: object, reason: str, remedy: str) -> InvalidInputError:
    return InvalidInputError([Finding(field, shorten(value), reason, remedy)], "the passport")


def _check_fixed(said: Mapping[str, Any]) -> None:
    for name, (only, reason) in _FIXED.items():
        if said.get(name, only) != only:
            raise _refused(name, said[name], reason, f"Write {only}.")


def _check_given_here(said: Mapping[str, Any]) -> None:
    """Let pass what this server gives itself, where it says nothing else (a schema may ask for it)."""
    for name in LAST_CHANGE:
        if name in said:
            read_instant(said[name], name)
    if said.get(_IDENTIFIER, said[_PRODUCT]) != said[_PRODUCT]:
        reason = "this server gives the identifier, and answers with it"
        remedy = "Leave it out, or repeat the product identifier, under which it is found too."
        raise _refused(_IDENTIFIER, said[_IDENTIFIER], reason, remedy)


def _product(address: PublicAddress, value: object) -> UniqueProductIdentifier:
    if not isinstance(value, str):
        raise _refused(_PRODUCT, value, "this is not a text", "Give the battery's printed link.")
    product = read_product_id(value, _PRODUCT)
    if value != address.digital_link(product):
        reason = "the passport would not stand behind this link"
        raise _refused(_PRODUCT, value, reason, f"Write {address.digital_link(product)}.")
    return product


def _model(
    transaction: Transaction, actor: EconomicOperator, product: UniqueProductIdentifier | None
) -> BatteryModel | None:
    if product is None:  # which was said already
        return None
    row = transaction.models.by_gtin(product.gtin)
    if row is None or row.operator_id != actor.id:
        reason = f"no model of {actor.name} has the GTIN {product.gtin}"
        remedy = "Register it: POST /v1/battery-models, or voltpass model add FILE."
        raise _refused(_PRODUCT, product.gtin, reason, remedy)
    return BatteryModel.model_validate_json(row.document)


def _responsible(transaction: Transaction, address: PublicAddress, value: object) -> str:
    name = value.rpartition(":")[2] if isinstance(value, str) else ""
    known = check_slug(name) is None and transaction.operators.get(name) is not None
    if known and value in {name, did_from_url(address.operator_url(name))}:
        return name
    reason = "no operator here has this identifier"
    remedy = "Give the DID of an operator that is registered here, as GET shows it."
    raise _refused(_OPERATOR, value, reason, remedy)


def _facility(
    transaction: Transaction, address: PublicAddress, actor: EconomicOperator, value: object
) -> str:
    name = value.rpartition("/")[2] if isinstance(value, str) else ""
    known = check_slug(name) is None and transaction.facilities.get(actor.id, name) is not None
    if known and value in {name, address.facility(actor.id, name)}:
        return name
    reason = f"{actor.name} has no facility of this identifier"
    remedy = f"Give its address, such as {address.facility(actor.id, 'plant')}."
    raise _refused(_FACILITY, value, reason, remedy)


def _specification(address: PublicAddress, value: object) -> tuple[str | None, str | None]:
    """Return profile and category of the content specification, where one is named."""
    if value is None or value == []:
        return None, None
    base = f"{address.base_url}/v1/schemas/"
    [said] = value if isinstance(value, list) and len(value) == 1 else [None]
    if isinstance(said, str) and said.startswith(base):
        profile, _, category = said.removeprefix(base).partition("/")
        if profile in profile_ids() and category in CATEGORIES:
            return profile, category
    reason = "this server issues by one of its own specifications"
    choices = ", ".join(f"{base}{profile}/{{category}}" for profile in profile_ids())
    raise _refused(_SPECIFICATION, value, reason, f"Name one of {choices}, or none.")
