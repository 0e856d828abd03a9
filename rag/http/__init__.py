"""What stands between the network and the assistant: the gate, the login, the OpenAI shape."""
