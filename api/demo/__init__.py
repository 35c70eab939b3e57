"""The demonstration: the whole way, from meters to a verified label, on real input.

Inputs stand in `inputs/`; each names its source, and what is an assumption says so.
"""
