"""Small scripts that gitmig starts in the project's own interpreter.

Nobody has to have gitmig there: they import none of it. They are written for Python 3.8 and later.
"""
