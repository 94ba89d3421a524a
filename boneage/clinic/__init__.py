"What goes out: growth, reports, FHIR, DICOM."
