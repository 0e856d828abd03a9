"""What a running server keeps and does beside answering."""
