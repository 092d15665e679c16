"""`mlflow models serve` on a registered model: a photo goes in over HTTP, an answer comes out."""

import base64
import json
import os
import urllib.request

from tests.adapters import served
from tests.adapters.test_tracking import photo, real_model, track


def test_a_served_model_answers_a_posted_photo(project, tmp_path):
    real_model(project)
    track(project)
    port = served.free_port()
    address = f"http://127.0.0.1:{port}"
    command = ["mlflow", "models", "serve", "--model-uri", "models:/lesionflow-cnn/1", "--env-manager", "local"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    # The code that travels with the model, not that of this repository.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["MLFLOW_TRACKING_URI"] = f"sqlite:///{project}/mlflow.db"
    content = base64.b64encode(photo()[1]).decode()
    body = json.dumps({"dataframe_split": {"columns": ["image"], "data": [[content]]}}).encode()
    with served.running(command, tmp_path, f"{address}/ping", environment):
        request = urllib.request.Request(f"{address}/invocations", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=120) as answer:
            (said,) = json.load(answer)["predictions"]
    assert set(said) == {"label", "probability", "answered", "eczema", "nevus"}
    assert said["label"] in {"eczema", "nevus"}
    assert abs(said["eczema"] + said["nevus"] - 1) < 1e-6
