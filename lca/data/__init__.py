"""Reviewed data: factors, sources, units, characterisation, rulesets."""
