"""The data points of the law: their table, the values given for models, batches, batteries; views."""
