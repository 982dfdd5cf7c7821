"""Security Command Center: whether it looks, whether somebody hears of what it finds, and what hides its findings."""
