import re

import pytest
import yaml
from huggingface_hub import DatasetCard

from lesionflow.report import data_card, inputs
from lesionflow.report.settings import CardParams
from tests.report.written_run import PLAN, write_run

KEYS = ("intended_use", "motivation", "collection", "consent", "distribution", "maintenance", "contact")
HOSTILE = ["<script>alert(1)</script>", "a|b", "![x](https://evil.example/)", "# h\n- i", "x: y\n---"]
MARKUP = r"<script|(?<!\\)\]\(https|\| a\|b \||\n# h"
"""What these names would be, were they markup."""
NOTHING = dict.fromkeys(KEYS, "")


def unpadded(text):
    """Without the spaces that make the columns of a table stand below each other."""
    return re.sub(r"(?<=\S) +(?=\S)", " ", text)


def card(root, **told):
    return unpadded(data_card.render(inputs.data(root / "outputs", root / "reports"), CardParams(**NOTHING | told)))


def test_header_is_metadata_that_the_hub_reads(root):
    found = DatasetCard(card(root)).data.to_dict()
    # written_run: 21 photos are used, all CC-BY-4.0.
    assert found["license"] == "cc-by-4.0"
    assert found["size_categories"] == ["n<1K"]
    assert found["task_categories"] == ["image-classification"]


def test_sections_of_a_datasheet_are_filled_from_the_tables(root):
    text = card(root)
    sections = [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]
    assert sections == [
        "Motivation", "Composition", "Collection process", "Preprocessing, cleaning, labelling", "Uses",
        "Distribution", "Maintenance",
    ]  # fmt: skip
    # See the table in written_run.py.
    assert "21 photos of 21 leakage groups and 2 classes" in text
    assert "| melanoma | yes | 12 | 10 | 10 | 6 | 2 | 2 | kept |" in text
    assert "| rare | no | 4 | 3 | 3 | 0 | 0 | 0 | drop: too few photos |" in text
    assert "- 28 Photos fetched and decoded; lost: not found 1, undecodable 1" in text
    assert "| atlas | CC-BY-4.0 | A. Nobody | 30 | 28 | 21 |" in text
    assert "- Pairs crossing: 0" in text
    assert "| not recorded | 30 |" in text


def test_what_no_table_can_tell_is_said_by_people_or_said_to_be_missing(root):
    text = card(root, motivation="To find *leaks*.")
    assert "To find \\*leaks\\*." in text
    assert "Not stated (`report.cards.consent` in `params.yaml`)." in text
    assert "`report.cards.motivation`" not in text


def test_synthetic_photos_are_called_so(tmp_path):
    assert "**All photos are synthetic" in card(write_run(tmp_path, source="synthetic"))


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "a|b", "![x](https://evil.example/)", "# h\n- i", "x: y"]
)
def test_hostile_names_show_as_text(tmp_path, name):
    plan = {name: PLAN["melanoma"], "nevus": PLAN["nevus"]}
    text = card(write_run(tmp_path, plan, source=name, licence=name))
    assert not re.search(MARKUP, text)
    header = text.split("---")[1]
    assert yaml.safe_load(header)["license"] == "other"
