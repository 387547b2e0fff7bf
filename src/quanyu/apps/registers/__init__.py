"""The register framework; knows no domain."""
