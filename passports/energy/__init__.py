"""Metered energy of factories: meters, readings, closed periods, the ledger, the operator's views."""
