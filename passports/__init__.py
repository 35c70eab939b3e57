"""Battery passports and everything they speak of: operators, factories, certificates, models, batches.

This package holds the rules of the domain. It calls `lca` for footprints and `signing` for signatures;
`passports.store` alone knows the database. It knows neither the web nor the command line.
"""
