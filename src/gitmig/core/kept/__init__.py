"""Kept rows, decided: which rows and values a step takes away, and what was kept of them."""
