"""Dynamic data of batteries: measured values, their files, and what is plausible."""
