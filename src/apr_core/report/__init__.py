"""What people and machines read. Consumes results, decides nothing."""
