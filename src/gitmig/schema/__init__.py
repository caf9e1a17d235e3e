"""Schemas as values: what a database holds, how two of them differ, and the SQL that leads from one to the other."""
