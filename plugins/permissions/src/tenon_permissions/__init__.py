"""Who may do what: roles, lines of policy, grants, and why."""
