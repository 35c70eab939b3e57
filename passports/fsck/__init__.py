"""Checking a whole installation from its stored bytes alone, one file a part of it."""
