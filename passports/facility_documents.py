"""Documents about a factory, kept under their SHA-256: inventories, statements, contracts, lists."""

import base64
import hashlib
from datetime import datetime
from typing import Annotated

from pydantic import Field

from passports.documents import Document, Name
from passports.errors import Finding, InvalidInputError
from passports.factories import get_facility
from passports.store import FacilityDocumentRow, Store, Transaction


class DocumentCreate(Document):
    """A document about a factory, its bytes as base64."""

    name: Name
    media_type: Name = "application/pdf"
    content: Annotated[str, Field(min_length=1)]


class FacilityDocument(Document):
    """What is known of a document without its bytes."""

    name: str
    media_type: str
    sha256: str
    size_bytes: int
    created_at: datetime


def add_document(
    store: Store, operator_id: str, facility_id: str, request: DocumentCreate, now: datetime
) -> FacilityDocument:
    """Keep a document of a factory under its SHA-256; the same bytes again change nothing.

    Raises:
        RecordNotFoundError: there is no such facility.
        InvalidInputError: the content is not base64, or empty.
    """
    try:
        content = base64.b64decode("".join(request.content.split()), validate=True)
    except ValueError:
        finding = Finding("content", "", "this is not base64", "Send the bytes as base64.")
        raise InvalidInputError([finding], "the document") from None
    if not content:
        finding = Finding("content", "", "the document is empty", "Send its bytes.")
        raise InvalidInputError([finding], "the document")
    digest = hashlib.sha256(content).hexdigest()
    with store.transaction() as transaction:
        transaction.operators.lock(operator_id)
        get_facility(transaction, operator_id, facility_id)
        row = transaction.facility_documents.get(operator_id, facility_id, digest)
        if row is None:
            row = FacilityDocumentRow(
                operator_id=operator_id,
                facility_id=facility_id,
                sha256=digest,
                name=request.name,
                media_type=request.media_type,
                created_at=now,
                content=content,
            )
            transaction.facility_documents.add(row)
    return _document(row)


def _document(row: FacilityDocumentRow) -> FacilityDocument:
    return FacilityDocument(
        name=row.name,
        media_type=row.media_type,
        sha256=row.sha256,
        size_bytes=len(row.content),
        created_at=row.created_at,
    )


def documents_of(
    transaction: Transaction, operator_id: str, facility_id: str
) -> list[FacilityDocument]:
    """Return the documents of a factory, oldest first."""
    return [_document(row) for row in transaction.facility_documents.of(operator_id, facility_id)]
