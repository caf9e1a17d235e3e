"""Source code that a branch leaves behind: its SQL is tried against both schemas, and its words are looked through.

`literals` finds the texts in source code that may be SQL, `statements` makes of them what PostgreSQL can prepare,
`trial` says what it means that one is refused; none of them touches a database. `words` needs none at all.
"""
