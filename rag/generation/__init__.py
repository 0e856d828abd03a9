"""Answers by a chat model: prompts, the model's stream as claims, failures of its server."""
