"""How messages leave: signed webhooks to public addresses, and e-mail over SMTP."""
