"""Certificates of factories: schemes, evidence, credentials, their life, and the tie to batches."""
