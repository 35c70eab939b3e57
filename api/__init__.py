"""The outside of voltpass: HTTP routes, pages, command line, settings and wiring."""
