"""The page as people meet it: how soon it is there, how soon it answers, what it looks like."""
