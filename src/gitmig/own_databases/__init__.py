"""Databases that belong to one work tree or one branch: what they are called, whose they are, and how they are made."""
