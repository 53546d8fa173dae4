"""One file per engine, or a package; `registry` knows them by the names of `engines.yaml`."""
