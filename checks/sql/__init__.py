"""Cloud SQL and AlloyDB: who can reach a database, how it is hardened, and what brings its data back."""
