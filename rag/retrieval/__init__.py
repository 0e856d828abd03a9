"""Questions into passages."""
