"""SQL of portfolios, positions and tags. Every statement is narrowed to one user's rows."""
