"""Rulesets, one file a method."""
