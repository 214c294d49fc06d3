"""The sample domain: payments that are created over HTTP, confirmed by SMS and refused for suspended contracts."""
