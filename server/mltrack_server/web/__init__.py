"""HTTP: routes, what they take and give, and who may call them. No SQL here."""
