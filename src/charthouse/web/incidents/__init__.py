"""The pages of privacy incidents: what their forms say and what their lists show."""
