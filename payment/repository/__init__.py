"""Where payments and contracts are kept."""
