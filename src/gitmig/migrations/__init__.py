"""Decides, on plain values: migration sets, layouts, plans. No I/O here at all."""
