"""Who may do what: identifiers, roles, keys, sessions, grants, authorisations, transfers."""
