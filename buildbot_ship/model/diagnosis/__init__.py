"""What `doctor` finds: values, and judgements that need no network and no disk."""
