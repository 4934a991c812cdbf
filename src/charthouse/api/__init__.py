"""FHIR REST over HTTP (R4 http.html): it knows HTTP and FHIR, and asks the door for everything else."""
