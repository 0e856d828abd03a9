"""Published question sets by name, and how each is run: `open` and `given`."""
