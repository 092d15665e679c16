"""Photos in a shard, made by hand."""

import io

import numpy as np
from PIL import Image

from lesionflow.images import StoredPhoto


def encoded(size, kind="JPEG", **options):
    picture = Image.fromarray(np.random.default_rng(1).integers(0, 255, (*size[::-1], 3), dtype=np.uint8))
    content = io.BytesIO()
    picture.save(content, kind, **options)
    return content.getvalue()


def shelf(folder, contents):
    """One shard with these bytes, and where each lies."""
    path, offset, photos = folder / "one.tar", 0, {}
    path.write_bytes(b"".join(contents.values()))
    for name, content in contents.items():
        photos[name] = StoredPhoto(name, path, offset, len(content))
        offset += len(content)
    return photos
