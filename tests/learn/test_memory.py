import subprocess
import sys

from lesionflow.learn import memory

# In a process of its own: the setting is for good. 64 MB are freed 20 times; paging them in anew costs 15,625 faults
# of 4 KB each time.
FAULTS = """
import resource, torch
from lesionflow.learn import memory
{setting}
faults = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_minflt
torch.set_num_threads(1)
torch.ones(16_000_000)
before = faults()
for _ in range(20):
    torch.ones(16_000_000)
print(faults() - before)
"""


def faults(setting: str) -> int:
    run = subprocess.run(
        [sys.executable, "-c", FAULTS.format(setting=setting)], capture_output=True, text=True, check=True
    )
    return int(run.stdout)


def test_freed_memory_is_not_paged_in_anew():
    assert faults("assert memory.keep_freed_memory()") < faults("") / 3


def test_other_systems_go_without(monkeypatch):
    monkeypatch.setattr(memory.sys, "platform", "darwin")
    assert memory.keep_freed_memory() is False
