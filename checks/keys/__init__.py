"""Key and secret rotation: which credentials exist, how old they are, when they end, and who holds them."""
