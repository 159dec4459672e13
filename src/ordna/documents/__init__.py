"""Documents that are printed: values in, bytes out. No database, no clock; all text is data, never markup."""
