import json
import subprocess
import sys


def test_locust_counts_in_these_buckets_once_they_are_installed() -> None:
    program = """
import json, locust.stats, loadtest.generator.latency_buckets
def counted():
    stats = locust.stats.RequestStats()
    for milliseconds in (0.8765, 102.4, 1003, 1045):
        stats.log_request("GET", "/", milliseconds, 0)
    return sorted(stats.total.response_times)
stock = counted()
loadtest.generator.latency_buckets.install()
print(json.dumps([stock, counted()]))
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    stock, installed = json.loads(ran.stdout.splitlines()[-1])
    assert installed == [0.876, 102, 1000, 1040]
    assert stock != installed  # otherwise install() would be needless
