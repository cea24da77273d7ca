"""Jobs before and after Bedrock: hyperparameters, plan, names, states, metrics. Pure."""
