"""The eight services. Each folder is one word everywhere: schema, role, bus user, durable."""
