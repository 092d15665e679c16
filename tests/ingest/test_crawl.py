from lesionflow.ingest import crawl
from lesionflow.ingest.admission import Row
from lesionflow.ingest.crawl import Partition, shared_out
from tests.ingest.conftest import limits


def rows(**counts):
    return [
        Row(f"m:{host}{n}", f"http://{host}/{n}.jpg", None, None)
        for host, count in counts.items()
        for n in range(count)
    ]


def test_a_host_belongs_to_one_crawler(tmp_path, monkeypatch):
    monkeypatch.setenv("LESIONFLOW_WORKERS", "2")
    parts = shared_out(rows(a=5, b=3, c=3), limits(tmp_path))
    # The largest host first, then each to the crawler with fewest rows: a | b, c.
    assert [[crawl.host_of(row) for row in part] for part in parts] == [["a"] * 5, ["b"] * 3 + ["c"] * 3]


def test_impolite_crawlers_share_a_host(tmp_path, monkeypatch):
    monkeypatch.setenv("LESIONFLOW_WORKERS", "2")
    assert [len(part) for part in shared_out(rows(a=5), limits(tmp_path, polite=False))] == [3, 2]


def test_there_are_no_more_crawlers_than_hosts(tmp_path, monkeypatch):
    monkeypatch.setenv("LESIONFLOW_WORKERS", "4")
    assert len(shared_out(rows(a=2, b=1), limits(tmp_path))) == 2


def test_a_row_whose_mask_alone_is_on_the_web_goes_to_the_masks_host():
    assert crawl.host_of(Row("m:1", "../a.jpg", None, "http://masks.org/a.png")) == "masks.org"


def test_a_partition_travels_as_text(tmp_path):
    partition = Partition([Row("m:ü", "http://x/\n", None, "m.png")], tmp_path, tmp_path / "room", limits(tmp_path))
    assert Partition.read(partition.written()) == partition
