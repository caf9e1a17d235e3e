"""git: trees, the work tree, history, notes, hooks, and what a hook may run. GitPython lives here only."""

# Where branches lie, and those of remotes.
HEADS, REMOTES = "refs/heads/", "refs/remotes/"
