"""Third-party packages of the functions: each folder is a layer, locked and with a Makefile for `sam build`."""
