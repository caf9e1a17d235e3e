"""The law of rows, judged from outside: migrations, `gitmig sync`, and plain SELECTs."""
