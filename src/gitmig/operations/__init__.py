"""One file for each verb that a user types: load, decide, perform, return a value. Nothing here prints or asks.

An option that is a job of its own has its own file: `new --squash`, `sync --rebuild`, `kept undo`, `check --all`.
"""
