"""The same files in Wenju and in other libraries. The others run in an environment of their own
(`requirements.txt`), which holds nothing of this project, so `harness` imports nothing of it."""
