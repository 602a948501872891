"""Tables for OpenBB Workspace: flat rows over the tools, and the files that describe them."""
