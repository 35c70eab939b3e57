"""Digital product passports as EN 18222 exchanges them, in the data model of EN 18223.

A projection of what stands elsewhere: the signed passport, the attribute data beside it, and the one
decision who may see what. It is read and written by element here; what is signed stays as it was signed.
"""
