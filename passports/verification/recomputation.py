"""Recomputing the footprints that a bundle brings, from the inventories that it brings."""

import orjson

from lca.datasets import load_shipped_dataset
from lca.errors import LcaError
from lca.footprint import compute_footprint
from lca.inventory import parse_inventory
from lca.rulesets import load_ruleset
from lca.sharing import shared_document
from passports.result_agreement import first_difference
from passports.verification.bundle import Bundle


def recompute_bundle(bundle: Bundle) -> dict[str, bool]:
    """Compute each study of a bundle anew whose inventory is in it; True where the results agree.

    A study by another dataset than the one shipped here is left out: nothing can be said about it.
    """
    dataset = load_shipped_dataset()
    results: dict[str, bool] = {}
    for url, inventory in bundle.inventories.items():
        study = bundle.evidence.studies.get(url)
        if study is None:
            continue
        try:
            stored = orjson.loads(study)
            if stored["dataset"]["fingerprint"] != dataset.fingerprint:
                continue
            ruleset = load_ruleset(stored["ruleset"]["id"])
            anew = compute_footprint(parse_inventory(inventory), ruleset, dataset)
            # What passports cite is the public version (Article 7(1)(g)): inputs can be confidential.
            results[url] = first_difference(stored, shared_document(anew, public=True)) is None
        except (LcaError, ValueError, KeyError, TypeError):
            results[url] = False
    return results
