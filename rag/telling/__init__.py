"""What the engine has to say to people, in the words of each language.

The engine itself gives kinds and values (`rag.types.Remark`), or errors with messages in English.
"""
