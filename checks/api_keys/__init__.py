"""API keys: who may use them, what they may call, and how old they are."""
