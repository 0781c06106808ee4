"""The pages that are made from declarations, docstrings and data, never by hand.

method_pages   one page for each authentication method, from its fields
example        values for a method's example, from examples.toml or from its fields
wire           what a method sends, by really driving its flow into a recorder
handshake      what it shows in the TLS handshake, by really making one
reference      magics, settings, collection file, errors, Python
catalogue      presets, and answer shapes with the rows and pages found in them
notebooks      the notebooks, run against the demo
markdown       tables and code blocks
"""
