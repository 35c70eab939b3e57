"""Tests of the footprint engine."""
