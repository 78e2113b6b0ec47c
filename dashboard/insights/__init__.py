"""What happened: metrics and insights over the rows of a dataset."""
