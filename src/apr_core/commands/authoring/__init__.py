"""What `apr contract` needs to write, explain and check contracts for people: drafting, reading, and Python source."""
