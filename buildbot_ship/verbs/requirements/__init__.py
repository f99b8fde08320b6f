"""Requirements: harden them, and check that the strict file is up to date."""
