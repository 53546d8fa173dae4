"""One file per engine; `registry` knows them by the names of `engines.yaml`."""
