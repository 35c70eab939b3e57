"""What an importer asks of a passport: its evidence is collected, then every step is made."""
