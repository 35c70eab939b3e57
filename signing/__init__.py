"""Signing and verification of battery passports, and of anything else that is a credential.

This package is pure: bytes and documents in, bytes and findings out. It knows no web framework, no
database, no settings and nothing about batteries or footprints. README.md beside this file states
every format and every check in words, so that a verifier can be written without reading the code.
"""
