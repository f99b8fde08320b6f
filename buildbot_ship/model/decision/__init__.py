"""What one verb decides from facts: nothing is done here."""
