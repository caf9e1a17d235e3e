"""Conflicts between the migrations of two sides. Pure: footprints and sets in, findings out."""
