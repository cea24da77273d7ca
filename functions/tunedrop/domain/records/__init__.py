"""Training records: their model, strict JSON parsing, defects, the bulk path and fingerprints. Pure."""
