"""A model test: random steps of people, queues, time, Bedrock and faults over the whole program."""
