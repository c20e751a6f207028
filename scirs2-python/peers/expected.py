IN, LEGACY, VERSIONED, EXPORTER = "from_dlpack(x)", "to_dlpack(a)", "to_dlpack(a, max_version=(1, 3))", "DLPackExporter(a)"
