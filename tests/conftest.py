"""What every test shares: properties are never failed for the time an example takes."""

from hypothesis import settings

# Machines are shared: a slow example says nothing about the property.
settings.register_profile("sigmasight", deadline=None)
settings.load_profile("sigmasight")
