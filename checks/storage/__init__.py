"""Cloud Storage: who can read a bucket, and what protects what it holds."""
