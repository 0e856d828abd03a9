"""How fast and how large: sets of many sizes, searches timed, growth, other libraries beside it."""
