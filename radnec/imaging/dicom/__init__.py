"""DICOM series as hospitals and archives hold them: found, checked, stacked, scaled."""
