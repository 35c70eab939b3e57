"""The registry of the Union: outbox, files, client, proofs."""
