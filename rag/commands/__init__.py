"""What the commands of `rag` do, one function each: `(arguments) -> exit code`."""
