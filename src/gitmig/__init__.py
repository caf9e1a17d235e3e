"""gitmig ties a PostgreSQL schema to a git history."""

__version__ = "0.1.0"
