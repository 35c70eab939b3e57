"""HTTP routes, by who calls."""
