"""Reports: requested, scheduled, followed and downloaded; the figures they are made of are frozen
here, so that they equal the API's.
"""
