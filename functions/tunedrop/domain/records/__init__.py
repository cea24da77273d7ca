"""Records and what is known of them: strict JSON, defects, the bulk path, fingerprints. Pure."""
