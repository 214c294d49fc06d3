"""Avro schemas: files, names, fingerprints, and reading and writing messages by them."""
