"""The ledger: what is applied, with everything needed to revert it, and the history (its tables: `ledger.schema`)."""
