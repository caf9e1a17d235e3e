"""`python -m gitmig`."""

from gitmig.cli import main

if __name__ == "__main__":
    main()
