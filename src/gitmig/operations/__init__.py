"""Use cases, one file per verb: load, decide (core), perform, return a value. Nothing here prints."""
