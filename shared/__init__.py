"""What the services share: contracts, published views, mathematics, messaging, database."""
