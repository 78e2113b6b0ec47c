"""Published conformance cases, run through the product's own store and engine: a case file in, passes and differences
out."""
