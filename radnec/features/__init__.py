"""Measures lesions: from images and masks to the feature table."""
