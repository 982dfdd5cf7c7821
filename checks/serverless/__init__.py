"""Cloud Run and Cloud Functions: who reaches them, and as whom they run."""
