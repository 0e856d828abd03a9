"""A question into an answer: retrieve, fuse, choose, cite, verify."""
