"""Documents with trees -> documents with coreference chains, by ordered rules (English)."""
