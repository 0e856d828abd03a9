"""What is known about Chinese text: no model, no file, no index."""
