"""As `test_written_from_the_text`, of several defects at once: which of them is told is a promise, too."""

import json
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from signing.did_web import PublicKeyEntry
from signing.trust import trusted_key
from tests.exhaustively import drawn
from tests.signing.log_world import log_entries, logged
from tests.signing.test_written_from_the_text import (
    ENDS,
    HEADER,
    HEADERS,
    LISTS,
    METHOD,
    PAYLOADS,
    PROOFS,
    add_proof_to,
    assert_agreed,
    jws,
    trusting,
    with_list,
)
from tests.signing.world import AT, MAKER, MAKER_KEY, STRANGER_KEY, did_document, entry, passport

LISTED = tuple(trusted_key(PublicKeyEntry(key.public_jwk)) for key in (MAKER_KEY, STRANGER_KEY))
ENTRIES = (
    entry(),
    entry(keys=(), scope=()),
    entry(keys=LISTED[1:]),
    entry(scope=("x",)),
    entry(valid_until=AT),
    entry(gs1_prefixes=("1234",)),
    entry(role="certifier"),
)


@drawn(st.data(), test=20, soak=200, limits=settings(deadline=None))
def test_any_combination(data: st.DataObject) -> None:
    def some(*several: Any) -> Any:
        """Mostly nothing, so that what comes later is reached."""
        return data.draw(st.sampled_from([{}] * len(several) + list(several)))

    payload = passport(**{**some(*PAYLOADS), **some(*PAYLOADS)})
    header = {**HEADER, **some(*HEADERS), **some(*HEADERS)}
    credential = add_proof_to(payload) if data.draw(st.booleans()) else jws(header, payload)
    method = {**METHOD, **some(*ENDS)}
    document = {"id": MAKER, "verificationMethod": [method], "assertionMethod": [METHOD["id"]]}
    held = data.draw(st.sampled_from([{MAKER: document}, {MAKER: did_document()}, {}]))
    entries = [
        data.draw(st.sampled_from(ENTRIES)),
        *data.draw(st.sampled_from([log_entries(), ()])),
    ]
    changes = {
        **some(*({"logProof": text} for text in (*PROOFS.values(), logged().to_bytes().decode()))),
        **some(*map(with_list, LISTS.values())),
        **some({"expectedIdentifier": None}, {"expectedIdentifier": "x"}, {"statusLists": {}}),
        "didDocuments": json.loads(json.dumps(held)),
        "trustList": data.draw(st.sampled_from([trusting(*entries), None])),
    }
    assert_agreed(credential, **changes)
