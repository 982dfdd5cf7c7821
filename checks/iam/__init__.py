"""Identity and access: who holds which role where, who can become whom, and which outside identities are trusted."""
