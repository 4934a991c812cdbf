"""Finding a patient as a person at the front desk asks: names as they are said, heard and mistyped, dates, numbers."""
