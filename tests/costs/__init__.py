"""What requests to ControlApi cost: the calls of AWS behind each, counted, and how a listing grows."""
