"""Emission factors, one file a group."""
