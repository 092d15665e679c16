"""What a head sees: which views of a photo, and which metadata beside them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from lesionflow.learn import clinical, photo_views
from lesionflow.learn.recipes import Recipe


@dataclass(frozen=True)
class Inputs:
    """What a head sees: basic views, whether mirror images are averaged in, and how metadata is encoded."""

    views: tuple[str, ...] = ("full",)
    flips: bool = False
    clinical: Mapping[str, Any] = field(default_factory=dict)

    @property
    def needed(self) -> list[str]:
        """The views whose features are joined, in order."""
        return photo_views.needed(self.views, flips=self.flips)

    def width(self, features: int) -> int:
        """Width of a head's input, from the width of a backbone's features."""
        return features * len(self.views) + clinical.width(self.clinical)

    def card(self) -> dict[str, Any]:
        """For a head's card; `of_card` reads it."""
        return {"views": list(self.views), "flips": self.flips, "clinical": dict(self.clinical)}


def of_recipe(recipe: Recipe, told: pd.DataFrame, split: pd.DataFrame) -> Inputs:
    """The inputs that a recipe asks for; of table clinical (`told`), only the training photos are looked at."""
    trained = split.loc[split["split"] == "train", "sha256"]
    rows = told[told["sha256"].isin(trained)]
    return Inputs(recipe.views, recipe.flips, clinical.spec(rows, recipe.clinical))


def of_card(card: Mapping[str, Any]) -> Inputs:
    """The inputs of a trained head."""
    return Inputs(tuple(card.get("views", ("full",))), card.get("flips", False), card.get("clinical", {}))
