"""Scripts for who works on gitmig; no part of what is installed."""
