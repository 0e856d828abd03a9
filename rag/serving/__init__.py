"""What a running server is made of: collections, rules, routes."""
