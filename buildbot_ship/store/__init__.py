"""The work folder on the worker: what one verb leaves for the next, and the ledger."""
