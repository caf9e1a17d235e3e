"""Rows: what a step takes away is kept, and comes back with the opposite step. The law is in docs/internals/rows.md.

`preserve` runs a step; `tables` is the one model of tables and its reader; `changes`, `merge` and `reach` decide;
`snapshot`, `restore`, `constraints` perform; `store` is the book of what is kept. `copy` has the rows of one database
go into another, `plant` makes some up.
"""
