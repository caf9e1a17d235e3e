"""Kept rows: saving what a step takes away, and putting it back when the opposite step runs."""
