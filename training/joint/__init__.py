"""A transformer of 4 layers × 256 that ranks passages and marks answers in one pass.

`pack` makes token ids of the open sets; `pretrain` and `tune` need those, torch and numpy only,
and run on a CPU at toy size or on an accelerator; `export` writes what `rag.models.joint` reads.
"""
