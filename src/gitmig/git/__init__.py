"""git: trees, the work tree, history, notes and hooks. GitPython lives here only."""
