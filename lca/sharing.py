"""The footprint document as it may be given to others.

It holds no licensed values, and in its public version no confidential rows either. What is left out
stands in sums by stage.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from lca.audit import licensed_factors
from lca.doubts import IMPLAUSIBLE
from lca.footprint import Footprint
from lca.measurements import Measurement
from lca.sensitivity import sensitivity_table

_TELLING: Final = ("amount_per_battery", "kg_co2e_per_unit", "kg_co2e_per_battery", "share")
"""Fields from which a licensed value, or a confidential amount, could be computed."""

_LEFT_OUT: Final = "warnings about confidential or licensed inputs are left out here"


def shared_document(footprint: Footprint, *, public: bool) -> dict[str, object]:
    """Return the footprint document without what may not leave.

    Args:
        footprint: The result.
        public: Leave out confidential rows too, and every amount and evidence (the public version
            of the study, Article 7(1)(g)).

    Returns:
        The document of `Footprint.to_document`, where `withheld_by_stage` holds the sums of what is
        left out. In the public version those rows are gone, and with them what is said of them
        elsewhere; otherwise they are there with nulls and `withheld: true`.
    """
    licensed = licensed_factors(footprint)
    document: dict[str, Any] = _doubts_withheld(footprint, licensed, public=public)
    withheld: dict[str, float] = {}
    rows: list[dict[str, Any]] = []
    hidden: list[dict[str, Any]] = []
    for item in document["contributions"]:
        if item["factor"] in licensed or (public and item["confidential"]):
            stage = item["stage"]
            withheld[stage] = withheld.get(stage, 0.0) + item["kg_co2e_per_battery"]
            hidden.append(item)
            if not public:
                rows.append({**item, **dict.fromkeys(_TELLING), "withheld": True})
        elif public:
            rows.append({**item, "amount_per_battery": None, "evidence": None, "withheld": False})
        else:
            rows.append({**item, "withheld": False})
    columns = {
        name: _column(column) if _telling(column, footprint, licensed, public=public) else column
        for name, column in document["electricity_columns"].items()
    }
    if public and "recycled_content" in document:
        document = {**document, "recycled_content": _shares_only(document["recycled_content"])}
    told = _about_what_is_shown(document, rows, hidden) if public and hidden else {}
    return {
        **document,
        **told,
        "contributions": rows,
        "withheld_by_stage": withheld,
        "electricity_columns": columns,
        "public": public,
    }


def shared_sensitivity(footprint: Footprint) -> list[dict[str, object]]:
    """Return what moves the result, as it may leave beside a document that withholds licensed rows.

    With licensed factors in it, only what stands in shown rows is left: an amount further up the
    chain may be worth nothing but a licensed factor.
    """
    licensed = licensed_factors(footprint)
    rows = sensitivity_table(footprint)
    if not licensed:
        return rows
    return [
        {**row, "variance_share": None}
        for row in rows
        if row["kind"] == "factor" and row["input"] not in licensed
    ]


def hidden_factors(footprint: Footprint) -> frozenset[str]:
    """Return factors that the public version does not name: licensed, or in confidential rows only."""
    pairs = [(b.factor_id, b.exchange.confidential) for b in footprint.system.burdens]
    confidential = {id_ for id_, hidden in pairs if hidden}
    shown = {id_ for id_, hidden in pairs if not hidden}
    return frozenset(confidential - shown) | frozenset(licensed_factors(footprint))


def _doubts_withheld(
    footprint: Footprint, licensed: Mapping[str, str], *, public: bool
) -> dict[str, object]:
    """Return the document, in which no doubt tells the amount of a row that may not leave."""
    document: dict[str, Any] = footprint.to_document()
    texts: dict[str, str] = {}
    told: list[dict[str, object]] = []
    for doubt in footprint.doubts:
        is_licensed, is_confidential = _secrets_in(footprint, doubt.measurement, licensed)
        hidden = public and is_confidential
        shown = {"value_shown": not (is_licensed or hidden), "place_shown": not hidden}
        texts[doubt.text()] = doubt.text(**shown)
        told.append(doubt.to_document(**shown))
    if not told:
        return document
    warnings = [texts.get(text, text) for text in document["warnings"]]
    return {**document, "warnings": warnings, IMPLAUSIBLE: told}


def _secrets_in(
    footprint: Footprint, measurement: Measurement, licensed: Mapping[str, str]
) -> tuple[bool, bool]:
    """Return whether licensed, and whether confidential amounts could be computed from a measurement.

    What one activity passes on to the next may consist of nothing but such a row.
    """
    inventory = footprint.system.inventory
    burdens = [footprint.system.burdens[index] for index in measurement.burdens]
    is_licensed = any(burden.factor_id in licensed for burden in burdens)
    is_confidential = any(burden.exchange.confidential for burden in burdens)
    if measurement.products:
        is_licensed = is_licensed or bool(licensed)
        is_confidential = is_confidential or any(
            item.confidential for activity in inventory.activities for item in activity.exchanges
        )
    return is_licensed, is_confidential


def _about_what_is_shown(
    document: Mapping[str, Any], rows: Sequence[Any], hidden: Sequence[Any]
) -> dict[str, Any]:
    """Return warnings and spread without what they say of hidden rows."""
    shown = {text for row in rows for text in (row["factor"], row["name"])}
    secrets = {text for row in hidden for text in (row["factor"], row["name"])} - shown
    paths = tuple(f"{row['path']}:" for row in hidden)
    warnings = [
        _without(text, secrets)
        for text in document["warnings"]
        if not text.startswith((*paths, *(f"{secret}:" for secret in secrets)))
    ]
    left_out = len(document["warnings"]) - len(warnings)
    if left_out:
        warnings.append(f"{left_out} {_LEFT_OUT}")
    spread = document["uncertainty"]
    named = [_without(text, secrets) for text in spread["factors_without_spread"]]
    return {
        "warnings": warnings,
        "uncertainty": {**spread, "factors_without_spread": list(dict.fromkeys(named))},
    }


def _without(text: str, secrets: Iterable[str]) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "a withheld input")
    return text


def _shares_only(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return recycled shares without the masses and suppliers behind them."""
    hidden: dict[str, Any] = {"mass_kg": None, "evidence": []}
    return {**content, "shares": [{**share, **hidden} for share in content["shares"]]}


def _telling(
    column: Mapping[str, Any], footprint: Footprint, licensed: Mapping[str, str], *, public: bool
) -> bool:
    """Return whether a column gives away a licensed factor, or a confidential amount."""
    secret = public and any(
        burden.exchange.confidential and burden.exchange.electricity is not None
        for burden in footprint.system.burdens
    )
    return secret or any(part["factor"] in licensed for part in column["parts"])


def _column(column: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sum of a column only."""
    hidden = dict.fromkeys(("kg_co2e_per_kwh_electricity", "kwh_per_battery"))
    return {**column, **hidden, "parts": []}
