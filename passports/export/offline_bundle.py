"""The offline bundle of passports of this server: credentials and all that they cite, from the store."""

from datetime import datetime

from passports.resolve import OwnRecords, evidence_from_store, study_inventory
from passports.verification.bundle import Bundle, write_bundle


def export_offline_bundle(
    records: OwnRecords,
    credentials: list[bytes],
    trust_list: bytes | None,
    with_inventories: bool,
    now: datetime,
) -> bytes:
    """Write a bundle of credentials of this server.

    Args:
        records: Where the evidence is read.
        credentials: Signed credentials, as stored.
        trust_list: A signed trust list to travel along.
        with_inventories: Whether the studies' inventories go along, so that the footprints can be
            recomputed. They are the maker's confidential data: only for whom the maker chooses.
        now: When the bundle is made.
    """
    evidence = evidence_from_store(records, credentials)
    bundle = Bundle(credentials=credentials, evidence=evidence, trust_list=trust_list)
    if with_inventories:
        for url in evidence.studies:
            bundle.inventories[url] = study_inventory(records.store, url.rsplit("/", 1)[1])
    return write_bundle(bundle, now)
