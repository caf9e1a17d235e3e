"""git: trees, the work tree, history, notes, hooks, and what a hook may run. GitPython lives here only."""
