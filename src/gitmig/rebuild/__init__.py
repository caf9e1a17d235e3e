"""A database built anew beside the old one: rows carried over, swapped by rename, the old one kept."""
