"""What people and programs are told: reports and the words of notifications. Pure."""
