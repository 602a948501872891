"""What agents do here: tools over the API's own answers, resources, and tables for OpenBB."""
