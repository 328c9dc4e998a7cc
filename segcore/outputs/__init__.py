"""What a job leaves: clips and tables."""
