"""The example that the workbook to fill in holds, a file a sheet."""
