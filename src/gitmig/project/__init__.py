"""What several verbs share: a repository with its settings and its database, what should be there, what may be done."""
