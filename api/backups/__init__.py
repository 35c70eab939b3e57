"""Backups of a home: what is in one, writing it while the server runs, and restoring it."""
