"""What the upload tests need of a running installation beyond its API: a second process of it, and what its database says."""

import os
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "crash"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
from crash import Service  # noqa: E402
from ports import free_ports  # noqa: E402


class SecondService(Service):
    """`huzhu serve` beside a running `huzhu run`: the same database, keys and spool."""

    def __init__(self, first):
        super().__init__(first.binary, first.directory, None)
        port, metrics = free_ports(2)
        self.url = f"http://127.0.0.1:{port}"
        self.environment = {
            **first.environment, "HUZHU_HTTP__LISTEN": f"127.0.0.1:{port}", "HUZHU_HTTP__METRICS_LISTEN": f"127.0.0.1:{metrics}",
            "HUZHU_HTTP__PUBLIC_URL": first.url,
        }
        self.command, self.ready = [self.binary, "serve"], f"{self.url}/readyz"


def new_database():
    """An empty database on the PostgreSQL of with_postgres.sh."""
    server, name = os.environ["HUZHU_TEST_PG_URL"], f"uploads_{time.time_ns()}"
    subprocess.run(["psql", "-XAtq", server, "-c", f"create database {name}"], check=True)
    return f"{server.rsplit('/', 1)[0]}/{name}"


def original_sha256_of(service):
    """How the SHA-256 of what came is looked up: the API does not tell it."""
    url = service.environment.get("HUZHU_DATABASE__URL")
    if url is None:
        from uploads import from_sqlite

        return from_sqlite(Path(service.environment["HUZHU_DATA_DIR"]) / "huzhu.sqlite")

    def original_sha256(document):
        query = f"select encode(original_sha256, 'hex') from document where id = '{document}'"
        return subprocess.run(["psql", "-XAtq", url, "-c", query], env=os.environ, capture_output=True, text=True, check=True).stdout.strip()

    return original_sha256
