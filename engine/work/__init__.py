"""Work that joins store, adapters and core: the jobs."""
