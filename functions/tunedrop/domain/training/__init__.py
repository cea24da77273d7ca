"""Jobs: hyperparameters, plan, request, names, states, next steps and metrics. Pure."""
