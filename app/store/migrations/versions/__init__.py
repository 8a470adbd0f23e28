"""One module per schema version, forward only; a released one is never changed."""
