"""Files on the worker: the work folder, this worker's cache, the ledger, notes on changes."""
