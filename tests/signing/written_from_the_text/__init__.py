"""A verifier written from signing/README.md alone: nothing of voltpass is imported here.

Only the standard library and `cryptography`. Where this and the code in `signing` differ, one of the two or
the text is wrong.
"""
