"""Tests of signing, one file for each part."""
