"""Roles: what an operator of each kind may do, and as which audience it reads. One table, `data/roles.csv`.

The code asks for actions, never for roles: a role is one row of the table, and nothing else. The same
actions are what an API key, a token or a written authorisation can be narrowed to.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import AfterValidator, WithJsonSchema

from passports.documents import RuleError

_AUDIENCES: Final = ("public", "authority")
_TRUSTED_AS: Final = ("", "manufacturer", "certifier", "platform")
# What the table says of a role's responsibility: for batteries on the market, for waste batteries.
_RESPONSIBLE: Final[Mapping[str, tuple[bool, bool]]] = MappingProxyType(
    {
        "yes": (True, True),
        "market": (True, False),
        "waste": (False, True),
        "no": (False, False),
    }
)


class Action(StrEnum):
    """A group of things that somebody may do."""

    READ = "read"  # own records, and of others' what the audience sees
    RECORDS = "records"  # factories, energy, certificates as evidence, models
    FOOTPRINTS = "footprints"  # footprint studies
    ISSUE = "issue"  # batches of passports
    ATTRIBUTES = "attributes"  # attribute data of models, batches, batteries
    PASSPORTS = "passports"  # new versions of passports, their status, their life
    GRANTS = "grants"  # legitimate interests: give, pass on, end
    REGISTRY = "registry"  # the Union's registry
    CERTIFY = "certify"  # certificates of factories
    OPERATORS = "operators"  # register operators
    IDENTIFIERS = "identifiers"  # say that an operator's identifier was verified
    COMPARE = "compare"  # footprints across makers
    INSPECT = "inspect"  # other operators' access logs
    SUPERVISE = "supervise"  # confidential inventories; end grants in an emergency
    KEYS = "keys"  # own API keys
    AUTHORISATIONS = "authorisations"  # authorise others; hand responsibility over or take it


class RoleTableError(ValueError):
    """A row of the table of roles breaks a rule."""


@dataclass(frozen=True)
class Role:
    """One row of the table.

    Attributes:
        id: How it is named in documents.
        title: How people call it.
        legal_reference: Where the law has it.
        actions: What it may do.
        audience: As whom it reads (`access.Audience`), beyond what is granted to it.
        trusted_as: Role on the trust list, empty for none: what others issue, nobody believes.
        may_be_responsible: Whether it can place batteries on the market, and so answer for passports
            (Art. 77(4)).
        may_be_responsible_for_waste: Whether it can answer for the passports of waste batteries: as
            producer, its organisation, or waste management operator (Art. 77(7), second subparagraph).
        note: What else has to be known.
    """

    id: str
    title: str
    legal_reference: str
    actions: frozenset[Action]
    audience: str
    trusted_as: str
    may_be_responsible: bool
    may_be_responsible_for_waste: bool
    note: str


@cache
def roles() -> Mapping[str, Role]:
    """Return all roles by identifier, in the table's order.

    Raises:
        RoleTableError: a row breaks a rule; which row and which rule is said.
    """
    table = resources.files("passports.data").joinpath("roles.csv")
    return read_roles(table.read_text(encoding="utf-8"))


def read_roles(text: str) -> Mapping[str, Role]:
    """Read and check the table.

    Raises:
        RoleTableError: a row breaks a rule.
    """
    found: dict[str, Role] = {}
    for row in csv.DictReader(io.StringIO(text), strict=True):
        try:
            role = _role(row)
        except (ValueError, KeyError, AttributeError) as error:
            raise RoleTableError(f"role {row.get('role')!r}: {error}") from error
        if role.id in found:
            raise RoleTableError(f"role {role.id!r}: it stands there twice")
        found[role.id] = role
    return MappingProxyType(found)


def _role(row: Mapping[str, str]) -> Role:
    for_market, for_waste = _RESPONSIBLE[row["may_be_responsible"]]
    role = Role(
        id=row["role"],
        title=row["title"],
        legal_reference=row["legal_reference"],
        actions=frozenset(map(Action, row["actions"].split("|"))),
        audience=row["audience"],
        trusted_as=row["trusted_as"],
        may_be_responsible=for_market,
        may_be_responsible_for_waste=for_waste,
        note=row["note"],
    )
    if not (role.id.isascii() and role.id.replace("_", "a").isalpha() and role.id.islower()):
        raise ValueError("it has no identifier of a-z and _")
    if not (role.title and role.legal_reference):
        raise ValueError("it has no title or no legal reference")
    if role.audience not in _AUDIENCES or role.trusted_as not in _TRUSTED_AS:
        raise ValueError("its audience or its place on the trust list is not known")
    return role


def actions_of(role_ids: Iterable[str]) -> frozenset[Action]:
    """Return what an operator with these roles may do."""
    return frozenset().union(*(roles()[name].actions for name in role_ids))


def roles_with(action: Action) -> list[str]:
    """Return the roles that may do something."""
    return [role.id for role in roles().values() if action in role.actions]


def _known(value: str) -> str:
    if value not in roles():
        raise RuleError("there is no such role", f"Choose one of {', '.join(roles())}.")
    return value


RoleId = Annotated[
    str, AfterValidator(_known), WithJsonSchema({"type": "string", "enum": list(roles())})
]


@cache
def union_countries() -> Mapping[str, str]:
    """Return the countries in which an operator counts as established in the Union, with the basis.

    `EU`: Member States (Treaty on European Union, Art. 52). `EEA`: Iceland, Liechtenstein and Norway
    (EEA Agreement, Art. 126); Regulation (EU) 2023/1542 is a text with EEA relevance. Codes are of
    ISO 3166-1 (Greece is GR here, EL in the Union's own papers).
    """
    table = resources.files("passports.data").joinpath("union.csv")
    rows = csv.DictReader(io.StringIO(table.read_text(encoding="utf-8")), strict=True)
    return MappingProxyType({row["country"]: row["basis"] for row in rows})


def is_in_the_union(country: str) -> bool:
    """Tell whether an operator of this country is established in the Union (or the EEA)."""
    return country in union_countries()
