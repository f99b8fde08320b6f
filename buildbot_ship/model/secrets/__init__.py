"""Secrets as text: recipients, sealed files, and the search for plain secrets."""
