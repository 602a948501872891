"""What the services share: contracts, published views, mathematics, messaging, database."""

# The version of the program, of which the package's metadata is made: images have the code only.
__version__ = "0.1.0"
