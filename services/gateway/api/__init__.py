"""The REST face: one router per subject, every error a problem document, every answer a declared
model.
"""
