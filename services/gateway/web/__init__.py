"""The dashboard: its files as `deploy/page.py` built them, and the sessions of browsers."""
