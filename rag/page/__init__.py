"""The chat page: questions in, answers with their evidence out."""
