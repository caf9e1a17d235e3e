"""Rows: what a step takes away is kept, and comes back with the opposite step. The law is in docs/internals/rows.md.

`preserve` and `step` run a step; `tables` is the one model of tables and its reader; `changes`, `merge` and `reach`
decide; `snapshot`, `keep`, `restore`, `quarantine`, `constraints` perform; `items` says what is kept, `store` has its
tables, `values` the SQL about values. `copy` has the rows of one database go into another, `plant` makes some up.
"""
