"""The life of a passport: versions, their differences, the life cycle of the battery."""
