"""The tables through which the rooms talk: their columns, keys and types, and their reading and writing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from lesionflow.errors import LesionflowError
from lesionflow.files import atomic


@dataclass(frozen=True)
class Column:
    """Arrow type of a column, and whether a value may be missing (a missing whole number reads as pandas' <NA>)."""

    type: pa.DataType
    optional: bool = False


TEXT, REAL, WHOLE, FLAG = Column(pa.string()), Column(pa.float64()), Column(pa.int64()), Column(pa.bool_())
BYTES, VECTOR, WORDS = Column(pa.binary()), Column(pa.list_(pa.float32())), Column(pa.list_(pa.int32()))
MAYBE_TEXT, MAYBE_REAL, MAYBE_WHOLE = (Column(column.type, optional=True) for column in (TEXT, REAL, WHOLE))


@dataclass(frozen=True)
class Table:
    """Name, key and columns of one table, and the stage that makes it. Rows are sorted by the key."""

    name: str
    key: tuple[str, ...]
    made_by: str
    columns: Mapping[str, Column]

    def empty(self) -> pd.DataFrame:
        """A table without rows, typed as `read` would."""
        return self.frame(self.schema.empty_table())

    def frame(self, content: pa.Table) -> pd.DataFrame:
        """Arrow's table in pandas' types: optional whole numbers as Int64, since large ones change through float."""
        whole = [name for name in content.column_names if self.columns[name] == MAYBE_WHOLE]
        frame: pd.DataFrame = content.drop_columns(whole).to_pandas()
        numbers = content.select(whole).to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
        return frame.join(numbers)[content.column_names] if whole else frame

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema, in column order."""
        return pa.schema([pa.field(name, column.type, column.optional) for name, column in self.columns.items()])


MANIFEST = Table(
    "manifest",
    ("record_id",),
    "collect",
    {
        "record_id": TEXT,  # "<manifest>:<id>", stable under growth of the manifest
        "manifest": TEXT,  # the manifest file's name without .csv
        "url": TEXT,  # http(s):, file:, or a path relative to the manifest
        "label": TEXT,  # canonical class, after the taxonomy
        "label_raw": TEXT,  # as the manifest says it
        "source": TEXT,
        "licence": TEXT,
        "attribution": TEXT,
        "checksum": MAYBE_TEXT,  # "sha256:<hex>" or "md5:<hex>" of the file as published
        "group": MAYBE_TEXT,  # patient or lesion, "<source>:<id>"
        "age": MAYBE_REAL,  # years
        "sex": MAYBE_TEXT,  # female, male or other
        "body_site": MAYBE_TEXT,
        "skin_type": MAYBE_WHOLE,  # Fitzpatrick 1-6
        "skin_tone": MAYBE_REAL,  # the source's own scale, where it is not Fitzpatrick
        "mask": MAYBE_TEXT,  # address of the lesion mask, like url
    },
)

INGESTED = Table(
    "ingested",
    ("record_id",),
    "ingest",
    {
        "record_id": TEXT,
        "key": TEXT,  # digest of what the row's finding depends on; as long as it stays, the finding holds
        "status": TEXT,  # "stored" or "failed"; when failed, the optional columns from sha256 on are missing
        "reason": TEXT,  # from ingest's closed list; "" when stored
        "detail": TEXT,  # for people; of a stored photo, why its mask is missing, else ""
        "licence": TEXT,  # as in the manifest
        "attribution": TEXT,
        "final_url": MAYBE_TEXT,  # after redirects; missing when not on the web
        "fetched_sha256": MAYBE_TEXT,  # of the bytes as fetched; missing when nothing arrived
        "fetched_length": MAYBE_WHOLE,  # bytes
        "sha256": MAYBE_TEXT,  # of the bytes as stored, without personal metadata
        "shard": MAYBE_TEXT,  # file name in the shards' folder
        "offset": MAYBE_WHOLE,  # of the photo's bytes in the shard
        "length": MAYBE_WHOLE,
        "format": MAYBE_TEXT,  # jpg, png, ...
        "width": MAYBE_WHOLE,  # pixels, upright
        "height": MAYBE_WHOLE,
        "mask_sha256": MAYBE_TEXT,  # of the mask as stored; missing without a mask
        "mask_offset": MAYBE_WHOLE,  # the mask lies in the same shard
        "mask_length": MAYBE_WHOLE,
    },
)

FINGERPRINTS = Table(
    "fingerprints",
    ("sha256",),
    "fingerprint",
    {
        "sha256": TEXT,
        "version": WHOLE,  # of the fingerprint's definition: a row of another version is computed anew
        "width": WHOLE,  # pixels, upright
        "height": WHOLE,
        "readable": FLAG,  # if not, its hashes and thumbnail are empty, and the measures below are missing
        "phash": TEXT,  # 64 bits as 16 hex digits, as imagehash prints them
        "phash_turned": TEXT,  # of the 7 turned and mirrored variants, in the order of hashes.TURNS: 7 x 16 digits
        "phash_trimmed": TEXT,  # of the picture without its border; phash when there is none
        "thumbnail": BYTES,  # 64 x 64 grey levels, row by row, of the whole picture squeezed to a square (box filter)
        # Measured at no more than 225 pixels on the short side and 900 on the long one.
        "sharpness": MAYBE_REAL,  # variance of the Laplacian of grey levels
        "brightness": MAYBE_REAL,  # mean grey level, 0-1
        "contrast": MAYBE_REAL,  # standard deviation of grey levels, 0-0.5
        "entropy": MAYBE_REAL,  # of the grey histogram, bits (0-8)
        "dark_share": MAYBE_REAL,  # share of the pixels without detail in the shadows, 0-1
        "bright_share": MAYBE_REAL,  # and in the lights
        "colourfulness": MAYBE_REAL,  # Hasler and Suesstrunk 2003
        "skin_share": MAYBE_REAL,  # share of the visible pixels whose colour could be skin, 0-1
        "border_share": MAYBE_REAL,  # share of the area in uniform bands along the edges, 0-1
        "letterbox_share": MAYBE_REAL,  # share of a side in bands at both its ends, 0-1
        "seam_share": MAYBE_REAL,  # share of its length over which the best straight seam stands out, 0-1
        "text_share": MAYBE_REAL,  # share of the tiles that show anything which are text on an even page, 0-1
        "watermark_score": MAYBE_REAL,  # how much denser than all else the densest row of strokes is, 0-1
    },
)

LOCAL_FEATURES = Table(
    "local_features",
    ("sha256",),
    "describe",
    {
        "sha256": TEXT,
        "version": WHOLE,  # of the definition: a row of another version is computed anew
        "width": WHOLE,  # pixels of the picture in which keypoints were sought
        "height": WHOLE,
        "places": BYTES,  # of the keypoints, strongest first: x and y in those pixels, float32
        "descriptors": BYTES,  # of the keypoints: SIFT on the codebook's axes, 32 int8 each
        "words": WORDS,  # visual words of the codebook, each once
        "words_mirrored": WORDS,  # and those of the mirrored picture
        "view": BYTES,  # grey levels, row by row, of the picture at 64 pixels on the short side
        "view_width": WHOLE,
    },
)

PAIR_EVIDENCE = Table(
    "pair_evidence",
    ("sha256_a", "sha256_b", "mirrored", "turn"),
    "match",
    {
        "sha256_a": TEXT,  # the smaller of the two
        "sha256_b": TEXT,
        "mirrored": FLAG,  # whether the first is mirrored left to right before all else
        "turn": WHOLE,  # quarter turns, counter-clockwise, by which the whole frames are laid over each other; else -1
        "version": WHOLE,  # of the way of finding it and of the features
        "candidate_by": TEXT,  # the signal that proposed the pair: hash, words or group
        "inliers": WHOLE,  # places that agree on the transform; 0 for whole frames, or where too few agree
        "matrix": VECTOR,  # 2 x 3: from pixels of the first to pixels of the second, at the size of local_features
        "agreement": REAL,  # of the structure in the common part, -1 to 1
        "overlap_a": REAL,  # share of the first frame that lies within the second, 0-1
        "overlap_b": REAL,
        "contained_a": REAL,  # the overlap as a share of what it would be if the frames had one centre, 0-1
        "contained_b": REAL,
    },
)

DUPLICATE_PAIRS = Table(
    "duplicate_pairs",
    ("sha256_a", "sha256_b"),
    "curate",
    {
        "sha256_a": TEXT,  # the smaller of the two
        "sha256_b": TEXT,
        # "duplicate"; "same_scene": other photos of the same patch of skin, or other parts of one photo; "different":
        # somebody decided that it is neither
        "relation": TEXT,
        "candidate_by": TEXT,  # what proposed the pair: hash, words, group or decision
        "transform": TEXT,  # what makes the first look like the second: mirrored, rotated by, scaled by
        "inliers": WHOLE,  # places that agree on the transform
        "agreement": REAL,  # of the structure in the common part, -1 to 1
        "overlap": REAL,  # share of the frame that lies deeper within the other, 0-1
    },
)

CURATED = Table(
    "curated",
    ("record_id",),
    "curate",
    {
        "record_id": TEXT,  # every row of the manifest
        "sha256": MAYBE_TEXT,
        "label": TEXT,
        "source": TEXT,
        "verdict": TEXT,  # "keep" or "drop"
        "reason": TEXT,  # from curate's closed list; "" when kept
        "cluster": MAYBE_TEXT,  # duplicate cluster, named by its smallest sha256; missing when alone
        "kept_record_id": MAYBE_TEXT,  # in a duplicate cluster, the copy that was kept
        "group": TEXT,  # leakage group: patient, lesion and duplicate cluster joined
    },
)

CLASSES = Table(
    "classes",
    ("label",),
    "enforce_classes",
    {
        "label": TEXT,
        "in_manifest": WHOLE,  # photos after each step
        "ingested": WHOLE,
        "curated": WHOLE,
        "groups": WHOLE,  # leakage groups among the curated
        "becomes": MAYBE_TEXT,  # the label under which its photos are learned: its own, or its parent's
        "used": WHOLE,  # photos learned under this label, those of merged classes included
        "verdict": TEXT,  # "keep", "merge" or "drop"
        "reason": TEXT,
        "class_id": MAYBE_WHOLE,  # 0, 1, ... in the order of kept labels; else missing
        "malignant": FLAG,  # as the taxonomy says
    },
)

SPLIT = Table(
    "split",
    ("sha256",),
    "split",
    {
        "sha256": TEXT,
        "record_id": TEXT,  # of the kept copy
        "label": TEXT,
        "class_id": WHOLE,
        "group": TEXT,  # leakage group
        "split": TEXT,  # train, val or test
    },
)

REVIEW = Table(
    "review",
    ("sha256", "kind"),
    "review",
    {
        "sha256": TEXT,
        "record_id": TEXT,  # of the kept copy
        "label": TEXT,  # as learned
        "suggested": MAYBE_TEXT,  # of a label error, the label that a model finds likeliest
        "kind": TEXT,  # label_error or off_topic
        "score": REAL,  # 0-1, low is suspicious; what it measures depends on the kind
        "rank": WHOLE,  # within the kind, 1 is the most suspicious
        "evidence": TEXT,  # for people
    },
)

FEATURES = Table(
    "features",
    ("sha256", "view"),
    "extract_features",
    {
        "sha256": TEXT,
        "view": TEXT,  # full, zoom, full_flipped or zoom_flipped: what of the photo the backbone looked at
        "key": TEXT,  # digest of backbone, weights, preprocessing and code version: what makes a row reusable
        "features": VECTOR,
    },
)

TRAITS = Table(
    "traits",
    ("sha256",),
    "gather_traits",
    {
        "sha256": TEXT,  # every photo of the split
        # As the photo's records say; missing where none says it, or where two contradict each other.
        "skin_type": MAYBE_WHOLE,  # Fitzpatrick 1-6
        "skin_tone": MAYBE_REAL,  # the source's own scale
        "sex": MAYBE_TEXT,
        "age": MAYBE_REAL,  # years
        "body_site": MAYBE_TEXT,
        "source": MAYBE_TEXT,
        "sharpness": MAYBE_REAL,  # as in fingerprints
    },
)

OUTLIERS = Table(
    "outliers",
    ("sha256",),
    "find_outliers",
    {
        "sha256": TEXT,
        "distance": REAL,  # to the k-th nearest training photo, of features of length 1: 0-2
        "unusual": FLAG,  # beyond the limit that nearly all validation photos keep
    },
)

PREDICTIONS = Table(
    "predictions",
    ("sha256", "model"),
    "evaluate",
    {
        "sha256": TEXT,
        "model": TEXT,
        "split": TEXT,
        "group": TEXT,
        "label": TEXT,  # the truth
        "class_id": WHOLE,
        "predicted": TEXT,  # label of the largest probability
        "probabilities": VECTOR,  # in the order of class_id, summing to 1
    },
)

MAP_SCORES = Table(
    "map_scores",
    ("sha256", "method"),
    "explain",
    {
        "sha256": TEXT,  # a test photo
        "group": TEXT,  # leakage group
        "method": TEXT,  # of grad-cam; or what maps are held against: random, centre (a blob in the middle)
        "blank": FLAG,  # constant or not finite: it shows nothing, and is not scored
        "drop": MAYBE_REAL,  # loss of the class's probability when the map's top 20 % are blurred, -1 to 1
        "deletion": MAYBE_REAL,  # area under the probability's curve while the map's top is blurred, 0-1; low is good
        "insertion": MAYBE_REAL,  # the same while it is brought back; high is good
        "road": MAYBE_REAL,  # of the library: half of what filling in the least relevant loses less than the most
        "head_likeness": MAYBE_REAL,  # Spearman's correlation with the map of a head with random weights, -1 to 1
        # Of photos whose lesion mask is known and in view:
        "pointing": MAYBE_REAL,  # 1 when the map's highest place is in the lesion, else 0
        "energy": MAYBE_REAL,  # share of the map's sum in the lesion, 0-1
        "iou": MAYBE_REAL,  # overlap with the lesion, at the threshold that is best on validation photos
        "lesion": MAYBE_REAL,  # share of the view that is lesion, 0-1
    },
)

ARTEFACT_MAPS = Table(
    "artefact_maps",
    ("sha256", "corruption"),
    "explain",
    {
        "sha256": TEXT,  # a test photo
        "group": TEXT,  # leakage group
        "corruption": TEXT,  # what was added to it
        "area": REAL,  # share of the view under it, 0-1
        "energy": REAL,  # share of the map's sum on it, 0-1
    },
)

CORRUPTED = Table(
    "corrupted",
    ("sha256", "corruption", "severity", "view"),
    "corrupt",
    {
        "sha256": TEXT,  # a test photo
        "corruption": TEXT,  # none, one of explain/corruptions, lesion_covered or border_only
        "severity": WHOLE,  # 1-5; 0 where there are no degrees
        "view": TEXT,  # full, zoom, ...: what of the photo the backbone looked at
        "area": REAL,  # share of the view under what was added, 0-1; 0 for changes of the whole photo
        "key": TEXT,  # digest of all that decides the photo's rows
        "features": VECTOR,
    },
)


def write(frame: pd.DataFrame, path: Path, table: Table) -> None:
    """Write the table's columns as parquet, sorted by key, atomically; the same rows give the same bytes.

    Raises
    ------
    LesionflowError : a column is missing, has another type or missing values, or the key repeats.
    """
    content = _content(frame, path, table)
    with atomic(path) as partial:
        pq.write_table(content, partial, compression="zstd")


def write_parts(frames: Iterable[pd.DataFrame], path: Path, table: Table) -> None:
    """Write a table that is too large to hold, part by part as they are made; see `write`.

    The keys of each part come after those of the part before. The same rows in the same parts give the same bytes.

    Raises
    ------
    LesionflowError : as `write`, and when a part begins before the one before it ends.
    """
    last: list[object] = []
    with atomic(path) as partial, pq.ParquetWriter(partial, table.schema, compression="zstd") as writer:
        for frame in frames:
            content = _content(frame, path, table)
            keys = content.select(list(table.key))
            if last and content.num_rows and list(keys.slice(0, 1).to_pylist()[0].values()) <= last:
                raise LesionflowError(f"{path}: table {table.name}", got="parts out of order", expected="rising keys")
            writer.write_table(content)
            last = list(keys.slice(content.num_rows - 1).to_pylist()[0].values()) if content.num_rows else last


def _content(frame: pd.DataFrame, path: Path, table: Table) -> pa.Table:
    """The frame as Arrow's table of this schema, checked and sorted by key."""
    absent = [name for name in table.columns if name not in frame]
    if absent:
        raise LesionflowError(f"{path}: table {table.name}", got=f"columns {list(frame)}", expected=f"also {absent}")
    ordered = frame[list(table.columns)]
    if not (len(table.key) == 1 and ordered[table.key[0]].is_monotonic_increasing):
        ordered = ordered.sort_values(list(table.key), kind="stable", ignore_index=True)
    _check_values(ordered, path, table)
    try:
        content = pa.Table.from_pandas(ordered, schema=table.schema, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise LesionflowError(
            f"{path}: table {table.name}", got=str(error), expected="the types in tables.py"
        ) from None
    return content.replace_schema_metadata(None)


def _check_values(frame: pd.DataFrame, path: Path, table: Table) -> None:
    repeated = frame.duplicated(list(table.key))
    if repeated.any():
        first = frame.loc[repeated, list(table.key)].iloc[0].to_dict()
        raise LesionflowError(f"{path}: table {table.name}", got=f"{first} twice", expected="a unique key")
    for name, column in table.columns.items():
        if not column.optional and frame[name].isna().any():
            row = frame.loc[frame[name].isna(), list(table.key)].iloc[0].to_dict()
            raise LesionflowError(f"{path}: table {table.name}", got=f"no {name} at {row}", expected="a value")


def read_cached(
    path: Path, table: Table, *, columns: Sequence[str] | None = None, between: tuple[str, str] | None = None
) -> pd.DataFrame:
    """Read a table that an earlier run may have left (see `read`); without one, or with other columns, no rows."""
    try:
        return read(path, table, columns=columns, between=between)
    except LesionflowError:
        return table.empty()


def read(
    path: Path, table: Table, *, columns: Sequence[str] | None = None, between: tuple[str, str] | None = None
) -> pd.DataFrame:
    """Read a table, or some columns of it; optional whole numbers come as pandas' Int64, vectors as arrays.

    With `between`, only the rows whose first key lies between these two, ends included.

    Raises
    ------
    LesionflowError : no such file, or one with other columns.
    """
    try:
        schema = pq.read_schema(path)
    except FileNotFoundError:
        raise LesionflowError(f"{path}: no such table", remedy=f"Run `dvc repro {table.made_by}`.") from None
    except pa.ArrowInvalid as error:
        raise LesionflowError(f"{path}: not a parquet file", got=str(error)) from None
    if not schema.equals(table.schema):
        raise LesionflowError(
            f"{path}: not a table of {table.name}",
            got=str(schema),
            expected=str(table.schema),
            remedy=f"Run `dvc repro -f {table.made_by}`.",
        )
    first = table.key[0]
    filters = None if between is None else [(first, ">=", between[0]), (first, "<=", between[1])]
    return table.frame(pq.read_table(path, columns=None if columns is None else list(columns), filters=filters))


def labels_in_order(classes: pd.DataFrame) -> list[str]:
    """The kept labels of table classes in the order of their class_id."""
    kept = classes[classes["verdict"] == "keep"].sort_values("class_id")
    return list(kept["label"])


def malignant_labels(classes: pd.DataFrame) -> set[str]:
    """The labels of table classes that the taxonomy calls malignant."""
    return set(classes.loc[classes["malignant"], "label"])
