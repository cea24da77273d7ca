"""The prover of permissions: each call that is made is allowed, and whatever is allowed is needed."""
